/**
 * What daemons and cron jobs see of the environment, and what they start in turn. Not ours: the
 * settings by which a test runner follows its children, and a developer's proxy, are none of theirs.
 */
export const systemEnv = { PATH: `${process.env['PATH']}:/usr/sbin:/sbin` }
