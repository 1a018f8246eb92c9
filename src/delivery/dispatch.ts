import type { Alert } from '../alert/alert.js'
import { withMaskedEntry, withoutEntry } from '../alert/outgoing.js'
import { isRouted } from '../config/route.js'
import type { DestinationConfig } from '../config/config.js'
import type { World } from '../notify/destination.js'
import type { Delivery } from '../state/delivery.js'
import { countWaiting, outboxDir } from '../state/outbox-files.js'
import type { Backlog } from './backlog.js'
import type { SenderOptions } from './sender-options.js'
import { startSender, type Sender } from './sender.js'
import { wayTo, type Way } from './way.js'

/** The destinations in force, each with its sender. */
export interface Dispatch {
  /** What these alerts, of one event, mean for each destination but the one named `except`. */
  route(
    alerts: readonly Alert[],
    batch: string | undefined,
    except: string | undefined,
  ): Delivery[]
  /** Whether any destination but the one named `except` gets this alert. */
  isHeard(alert: Alert, except: string | undefined): boolean
  /** Of the destinations in force. */
  names(): string[]
  /** Of the destinations that this process sends to. */
  backlogs(): Backlog[]
  /** Something was added to the outboxes. */
  wake(): void
  /** Keeps messages in memory that could not be put into an outbox. */
  hold(name: string, messages: readonly (readonly Alert[])[]): void
  /** From now on these are in force. What waits for others stays in their outboxes. */
  configure(configs: readonly DestinationConfig[]): void
  /** Ends all senders within `limitMs`; gives how many messages are unsent. */
  drain(limitMs: number): Promise<number>
}

interface Entry {
  readonly config: DestinationConfig
  readonly way: Way
  readonly sender: Sender
}

/** Nothing is in force at first. `optionsFor` gives what a destination's sender works with. */
export function createDispatch(
  world: World,
  optionsFor: (name: string) => SenderOptions,
): Dispatch {
  const entries = new Map<string, Entry>()
  const leaving: Promise<number>[] = []
  /** Something was added since the senders were last told to end. */
  let isLate = false
  const others = (except: string | undefined) =>
    [...entries.values()].filter(({ config }) => config.name !== except)
  const hasWaiting = (name: string) => {
    try {
      return countWaiting(outboxDir(optionsFor(name).stateDir, name)) > 0
    } catch {
      // The sender has told of a folder that can't be read.
      return false
    }
  }
  return {
    route: (alerts, batch, except) =>
      others(except).flatMap(({ config, way: { notifier } }): Delivery[] => {
        const routed = alerts.filter(alert => isRouted(alert, config.route))
        if (routed.length === 0) return []
        const outgoing = routed.map(notifier.wantsEntry ? withMaskedEntry : withoutEntry)
        const [first = [], ...rest] = notifier.split?.(outgoing) ?? [outgoing]
        // What comes later on the same request joins the first.
        const apart = (alert: Alert) =>
          alert.event === first[0]?.event ? { ...alert, event: alert.id } : alert
        const messages = [first, ...rest.map(found => found.map(apart))]
        return [{ destination: config.name, messages, batch }]
      }),
    isHeard: (alert, except) =>
      others(except).some(({ config }) => isRouted(alert, config.route)),
    names: () => [...entries.keys()],
    backlogs: () => [...entries.values()].flatMap(({ sender }) => sender.backlog() ?? []),
    wake() {
      isLate = true
      for (const { sender } of entries.values()) sender.wake()
    },
    hold(name, messages) {
      for (const alerts of messages) entries.get(name)?.sender.hold(alerts)
    },
    configure(configs) {
      for (const [name, { sender }] of entries) {
        if (configs.some(config => config.name === name)) continue
        entries.delete(name)
        leaving.push(sender.drain(0))
      }
      for (const config of configs) {
        const { name } = config
        const way = wayTo(config, world)
        const sender = entries.get(name)?.sender ?? startSender(way, optionsFor(name))
        if (entries.has(name)) sender.use(way)
        entries.set(name, { config, way, sender })
      }
    },
    async drain(limitMs) {
      const deadline = world.now() + limitMs
      const unsent = new Map<string, number>()
      let draining = [...entries]
      while (draining.length > 0) {
        isLate = false
        const left = Math.max(0, deadline - world.now())
        const drain = async ([name, { sender }]: [string, Entry]) =>
          void unsent.set(name, await sender.drain(left))
        await Promise.all([...leaving, ...draining.map(drain)])
        // What one has given up at last is told through the others, which had ended by then. What
        // another process is to send waits as well, and isn't waited for.
        draining = [...entries]
          .filter(([name]) => isLate && unsent.get(name) === 0 && hasWaiting(name))
          .map(([name, { config }]): [string, Entry] => {
            const way = wayTo(config, world)
            const entry = { config, way, sender: startSender(way, optionsFor(name)) }
            entries.set(name, entry)
            return [name, entry]
          })
      }
      return [...unsent.values()].reduce((sum, count) => sum + count, 0)
    },
  }
}
