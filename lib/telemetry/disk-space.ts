import { statfsSync } from "node:fs";

export interface DiskSpace {
  /** What a process without root's reserve may still write. */
  readonly freeBytes: number;
  readonly sizeBytes: number;
}

/** The disk that the folder lies on, as the kernel says at this moment; NaN where it does not say. */
export function diskSpace(folder: string): DiskSpace {
  try {
    const { bavail, blocks, bsize } = statfsSync(folder);
    return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize };
  } catch {
    // A scrape must not fail for one figure, and what is not known must not read 0.
    return { freeBytes: Number.NaN, sizeBytes: Number.NaN };
  }
}
