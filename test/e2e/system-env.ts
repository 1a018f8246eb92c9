const path = `${process.env['PATH']}:/usr/sbin:/sbin`

/**
 * The arguments of `env` that run a command as an init system or cron would: without our environment.
 * To spawn it with another one isn't enough, since a test runner adds what it follows children by.
 */
export function inSystemEnv(command: string, ...args: string[]): string[] {
  return ['-i', `PATH=${path}`, command, ...args]
}
