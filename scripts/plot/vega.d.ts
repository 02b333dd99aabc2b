/** What we use of Vega. Its own declarations need the browser's types, which nothing here may see. */
export interface VegaView {
  toSVG(): Promise<string>;
  finalize(): void;
}

/** A compiled specification; only Vega looks into it. */
export interface VegaRuntime {
  readonly operators: readonly unknown[];
}

export declare function compile(spec: object): { readonly spec: object };
export declare function parse(spec: object): VegaRuntime;
export declare const View: new (runtime: VegaRuntime, options: { readonly renderer: "none" }) => VegaView;
