/** What the program says about itself, to its operator; never on stdout. */
export interface Diagnostics {
  error(message: string): void
  warn(message: string): void
  info(message: string): void
  /** Only with --debug. */
  debug(message: string): void
}
