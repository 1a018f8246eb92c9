import type { Log } from './entry/entry.js'
import type { Options } from './options.js'

const logNames: Readonly<Record<Log, string>> = {
  audit: 'audit log',
  server: 'server log',
}

/** The text of --help, with the defaults of this executable. */
export function helpText({ log, alertLog }: Options): string {
  const name = `${log}-log-handler`
  const archives = `/var/log/vault/archive/${log === 'audit' ? 'audit' : 'messages'}-*.zst`
  return `${name}: alerts on the ${logNames[log]} of HashiCorp Vault and OpenBao

Reads the log on stdin, line by line, and raises an alert for each entry that a
rule matches: a record in the alert log, and a message to each destination of
the ini. syslog-ng starts it on the log server; it also runs in a shell.

Usage:
  ${name} [options] < LOG       the filter
  ${name} COMMAND [options]

Commands:
  replay              alert on archived logs on stdin: what the alert log has
                      already is neither recorded nor sent again
  check               validate the ini and the rule files; faults are printed
                      as file:line:column: message
  test                run the tests inside the rule files, and tell which of
                      their conditions no test reaches
  explain             for each line on stdin: which rules match, and for the
                      others the condition that failed and what it saw
  notify-test [NAME]  send one test alert to each destination, or to those of
                      this name or kind, and show its answer
  redrive [NAME]      send once more what a destination refused for good

Options:
  -c, --config FILE     the ini (default /usr/local/etc/vault-log-handler.ini)
  -r, --rules PATH      a rule file or folder, in place of the packaged rules and
                        of the site's beside the ini (default
                        /usr/local/etc/vault-log-handler/rules); may be given
                        several times
      --alert-log FILE  where alerts are recorded, one JSON object a line
                        (default ${alertLog})
      --state-dir DIR   what is unsent, and what was recorded before
                        (default /var/lib/vault-log-handler)
  -n, --dry-run         alerts go to stdout, one JSON object a line; nothing is
                        written anywhere else and nothing is sent
  -d, --debug           more diagnostics
      --log FILE        diagnostics go to FILE instead of stderr (where stderr
                        is /dev/null, as under syslog-ng: to ${name}.log
                        in the state folder)
  -h, --help            this text
  -V, --version         the version

Options of replay:
      --since TIME      only events from then on: 2026-11-23T08:00:00Z, a date,
      --until TIME      or 90m, 24h, 7d ago; only events until then
      --notify HOW      digest: one message for all that is new (default);
                        each: one an event; none
      --quiet           no progress, only the summary at the end
      --report FILE     a page of HTML: the alerts found over time, by rule, actor
                        and path, and the entries behind them; also with -n
      --csv FILE        the same alerts as a table for a spreadsheet
      --json FILE       the same alerts as a JSON array of their records

Options of check:
      --cost            which lines each rule in force costs time on, and what it
                        looks for in them; the dearest first

      --partition FIELD the rules that break where lines are divided among
                        several handlers by the value of this field

Options of explain and test:
      --rule ID         only this rule; explain shows all of its conditions
      --json            explain: one JSON object for each line and rule
      --record          test: print the lines on stdin as a test of the rule

Exit status:
  0   done
  1   a rule's test failed, a destination refused the test alert, stdin could
      not be read, or messages of replay or redrive are unsent or refused:
      they are kept
  64  the command line is wrong; a word that is no command always is
  78  the ini or a rule file is wrong
With a pipe on stdin, the filter itself ends only at the end of its input or by
a signal: faults go to the diagnostics and into an alert, and it goes on with
what is valid.

Signals: SIGTERM reads on to the end of the input, then ends; SIGHUP reads the
ini and the rules again, and keeps the old ones if there is a fault in them;
SIGUSR2 writes the counters to the diagnostics.

Examples:
  What would alert in the archived logs?
    zstdcat ${archives} | ${name} -n | jq .title
  Was anything missed yesterday?
    zstdcat ${archives} | ${name} replay --since 24h
  Why did this line not alert?
    tail -1 /var/log/vault/${log === 'audit' ? 'audit' : 'messages'} | ${name} explain --rule ID
  Is the configuration right, and does each destination answer?
    ${name} check && ${name} notify-test
`
}
