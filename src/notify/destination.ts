import type { IniKey } from '../config/ini-value.js'
import type { Channel, Notifier } from './notifier.js'

/** A section's values by key, `env:` and `file:` put in, each as its key's parser gave it. */
export type Settings = Readonly<Record<string, string>>

/** What notifiers need of the world, besides the network. */
export interface World {
  /** Proxies, further CA certificates, credentials. */
  readonly env: NodeJS.ProcessEnv
  /** The clock, epoch milliseconds: for dates in headers and signatures. */
  readonly now: () => number
}

/** A kind of destination: what its section in the ini may hold, and how its notifier is made. */
export interface Destination {
  /** The keys of its section, besides `min_severity`, `rules` and `tags`, which every kind has. */
  readonly keys: Readonly<Record<string, IniKey>>
  /**
   * A fault that no single key shows, in words, such as a key that needs another one; keys marked
   * as required are there.
   */
  readonly fault?: (settings: Settings) => string | undefined
  /** Why it can't be used just now, in words, for a reason that no single key shows. */
  readonly trouble?: (settings: Settings) => string | undefined
  readonly channel: Channel
  /**
   * Makes the notifier of a section without faults. Opens nothing, and loads nothing slow, before
   * the first message.
   */
  readonly create: (name: string, settings: Settings, world: World) => Notifier
}
