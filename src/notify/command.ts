import { wholeNumber, type IniValue } from '../config/ini-value.js'
import type { Destination } from './destination.js'
import { envelope, oneByOne } from './envelope.js'
import { programAttempt, type StatusMeanings } from './program-attempt.js'
import { programPath, splitWords } from './program-file.js'
import { createPrograms } from './run-program.js'

const defaultTimeout = '30'

/**
 * A program of the operator's, started without a shell for each alert, with one line of JSON (see
 * `envelope`) on its stdin. It may leave that unread; its stdout goes nowhere, its environment is
 * the handler's, its folder is `/`. It delivers by exiting with 0. With EX_DATAERR (65) it refuses
 * this message, with EX_NOPERM (77) or EX_CONFIG (78) all of them for a while; after anything else
 * it gets the same message again, so it should know an alert by its id.
 */
export const command: Destination = {
  keys: {
    run: { parse: programLine, isRequired: true },
    timeout: { parse: wholeNumber(1, 3_600, 'seconds') },
  },
  channel: {
    intervalMs: 0,
    digestOver: 1_000,
    wantsEntry: true,
    split: oneByOne,
  },
  create(name, settings, { env }) {
    const [file = '', ...args] = splitWords(settings['run']!) ?? []
    const timeoutMs = Number(settings['timeout'] ?? defaultTimeout) * 1_000
    const programs = createPrograms(env, timeoutMs)
    return {
      name,
      ...command.channel,
      async send(message, signal) {
        const run = { file, args, input: `${envelope(message)}\n` }
        const end = await programs.run(run, signal)
        return programAttempt(end, run, timeoutMs, meanings)
      },
      close: () => programs.close(),
    }
  },
}

const meanings: StatusMeanings = { 65: 'refused', 77: 'suspended', 78: 'suspended' }

/** Its arguments may hold secrets, so only the program is ever shown. */
function programLine(value: string): IniValue {
  const words = splitWords(value)
  if (words === undefined) return 'has a quote that is not closed'
  const path = programPath(words[0] ?? '')
  return typeof path === 'string' ? path : { ...path, value }
}
