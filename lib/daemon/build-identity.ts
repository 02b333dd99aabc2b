declare const BUILD_VERSION: string | undefined;
declare const BUILD_GIT: string | undefined;

export interface BuildIdentity {
  readonly version: string;
  /** Commit, with `-dirty` when the tree was not clean; `dev` when run from source. */
  readonly git: string;
}

/** What `bun run build` burnt in by `--define`; `typeof` because a run from source defines neither. */
export const buildIdentity: BuildIdentity = {
  version: typeof BUILD_VERSION === "string" ? BUILD_VERSION : "dev",
  git: typeof BUILD_GIT === "string" ? BUILD_GIT : "dev",
};
