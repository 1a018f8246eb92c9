import { command } from './command.js'
import type { Destination } from './destination.js'
import { email } from './email.js'
import { pagerduty } from './pagerduty.js'
import { pubsub } from './pubsub.js'
import { servicebus } from './servicebus.js'
import { slack } from './slack.js'
import { sns } from './sns.js'
import { teams } from './teams.js'
import { webex } from './webex.js'
import { webhook } from './webhook.js'

/** Every kind of destination, by the name of its section in the ini. */
export const destinations: Readonly<Record<string, Destination>> = {
  slack,
  teams,
  webex,
  pagerduty,
  webhook,
  command,
  email,
  sns,
  servicebus,
  pubsub,
}
