/**
 * How every binary of ours is compiled.
 *
 * Bytecode is what makes a start short, and needs the esm format. The two `--no-compile-autoload` flags keep a
 * binary from running a bunfig.toml or .env that happens to lie in its working directory.
 */
export const COMPILE_FLAGS = [
  "--compile",
  "--minify",
  "--sourcemap",
  "--bytecode",
  "--format=esm",
  "--no-compile-autoload-bunfig",
  "--no-compile-autoload-dotenv",
] as const;
