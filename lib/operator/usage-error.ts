/** The command line cannot be carried out as it is; its message is for the person who typed it. Exit 64. */
export class UsageError extends Error {
  readonly code = "USAGE";
}
