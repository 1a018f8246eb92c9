import { createHash } from 'node:crypto'
import type { DestinationConfig } from '../config/config.js'
import type { World } from '../notify/destination.js'
import { destinations } from '../notify/destinations.js'
import type { Notifier } from '../notify/notifier.js'
import { waitingNotifier } from '../notify/waiting-notifier.js'

/** A way to reach a destination. */
export interface Way {
  readonly notifier: Notifier
  /** The same for the same settings, another one for others; no setting can be read from it. */
  readonly settings: string
}

/** The way that a section of the ini describes. */
export function wayTo(config: DestinationConfig, world: World): Way {
  return { notifier: createNotifier(config, world), settings: settingsHash(config) }
}

function createNotifier(
  { name, kind, settings, lookAgain }: DestinationConfig,
  world: World,
): Notifier {
  const destination = destinations[kind]!
  return lookAgain === undefined
    ? destination.create(name, settings, world)
    : waitingNotifier(name, destination, lookAgain, world)
}

/** Of what reaches the server: which alerts go there is none of its business. */
function settingsHash({ kind, settings }: DestinationConfig): string {
  const reaching = Object.keys(destinations[kind]!.keys)
    .sort()
    .map(key => [key, settings[key]])
  const text = JSON.stringify([kind, reaching])
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
