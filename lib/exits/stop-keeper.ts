import type { Background } from "./background.ts";
import type { ExitBrainParts } from "./exit-brain-parts.ts";
import type { PositionView } from "./position-book.ts";
import type { Watch } from "./watch.ts";

type KeeperParts = ExitBrainParts & { readonly background: Background; mayAct(): boolean };

export class StopKeeper {
  readonly parts: KeeperParts;
  constructor(parts: KeeperParts) {
    this.parts = parts;
  }
  tend(_watches: ReadonlyMap<string, Watch>, _view: PositionView): void {}
  lookAt(_symbol: string): void {}
}
