/** What signals ask for. */
export interface Signals {
  /** Aborted when reading must end now, without waiting for the end of the input. */
  readonly stop: AbortController
  /** How long a SIGTERM waits for the end of the input; 0 for an input that gives none. */
  drainMs: number
  /** SIGHUP, which asks to read the ini and the rules again, does this from now on; at once, if one came before. */
  reloadBy(action: () => void): void
  /** SIGUSR2: say how it goes. */
  onReport: () => void
  /** Gives the signals back their default actions, for commands that a Ctrl-C may end. */
  release(): void
}

/**
 * Takes the signals that syslog-ng and systemd send. SIGTERM and SIGINT mean: read on to the end of
 * the input, which syslog-ng gives right after the signal (lines are still in the pipe), then end.
 * Where no end comes within `drainMs`, `stop` aborts. Any more of them change nothing, since under
 * systemd two or three are normal.
 */
export function takeSignals(): Signals {
  let timer: NodeJS.Timeout | undefined
  const terminate = () => {
    timer ??= setTimeout(() => signals.stop.abort(), signals.drainMs)
    timer.unref()
  }
  let isReloadDue = false
  let onReload = (): void => {
    isReloadDue = true
  }
  const reload = () => onReload()
  const report = () => signals.onReport()
  const signals: Signals = {
    stop: new AbortController(),
    drainMs: 5_000,
    onReport: () => {},
    reloadBy(action) {
      onReload = action
      if (isReloadDue) action()
      isReloadDue = false
    },
    release() {
      process.off('SIGTERM', terminate).off('SIGINT', terminate)
      process.off('SIGHUP', reload).off('SIGUSR2', report)
    },
  }
  process.on('SIGTERM', terminate).on('SIGINT', terminate)
  process.on('SIGHUP', reload).on('SIGUSR2', report)
  return signals
}
