import type { IniValue } from '../config/ini-value.js'
import type { SharedAccessKey } from './azure-token.js'
import type { Settings } from './destination.js'

/** A queue or a topic. */
export interface ServiceBusAddress {
  /** Of the namespace, such as `alerts.servicebus.windows.net`. */
  readonly host: string
  readonly entity: string
  /** Without one, the managed identity sends. */
  readonly key?: SharedAccessKey
}

interface ConnectionString {
  readonly host: string
  readonly key: SharedAccessKey
  readonly entity?: string
}

const domain = 'servicebus.windows.net'
const entityName = /^[A-Za-z0-9](?:[\w./-]{0,258}[\w-])?$/

/** Whether some keys lack others, or contradict them; in words. */
export function addressFault(settings: Settings): string | undefined {
  const { connection_string, namespace, entity } = settings
  if (connection_string === undefined && namespace === undefined) {
    return 'needs connection_string, or namespace and entity'
  }
  if (connection_string !== undefined && namespace !== undefined) {
    return 'has both connection_string and namespace, and takes one of them'
  }
  const path = connection_string && parseConnectionString(connection_string)?.entity
  if (path && entity !== undefined && path !== entity) {
    return "has an entity that is not the connection_string's EntityPath"
  }
  return path || entity !== undefined
    ? undefined
    : 'needs entity, the name of a queue or a topic'
}

/** Of settings without fault. */
export function serviceBusAddress({
  connection_string,
  namespace,
  entity,
}: Settings): ServiceBusAddress {
  const parsed = connection_string && parseConnectionString(connection_string)
  if (!parsed) return { host: namespace!, entity: entity! }
  return { host: parsed.host, entity: parsed.entity ?? entity!, key: parsed.key }
}

/** The namespace's connection string, or the queue's or topic's. */
export function connectionString(value: string): IniValue {
  return parseConnectionString(value)
    ? { value }
    : `must be Endpoint=sb://…;SharedAccessKeyName=…;SharedAccessKey=…[;EntityPath=…], got a text of ${value.length} characters`
}

/** The name of a namespace, or its host where that is not Azure's public cloud. */
export function serviceBusNamespace(value: string): IniValue {
  const label = '[a-z][a-z0-9-]{4,48}[a-z0-9]'
  return new RegExp(`^${label}(?:(?:\\.[a-z0-9-]+)+)?$`, 'i').test(value)
    ? { value: value.includes('.') ? value : `${value}.${domain}` }
    : `must be a Service Bus namespace, such as alerts or alerts.${domain}, got a text of ${value.length} characters`
}

/** The name of a queue or a topic: up to 260 letters, digits and `._/-`. */
export function serviceBusEntity(value: string): IniValue {
  return entityName.test(value)
    ? { value }
    : `must be the name of a queue or a topic, got a text of ${value.length} characters`
}

function parseConnectionString(text: string): ConnectionString | undefined {
  const parts = new Map(
    text.split(';').map(part => {
      // Not at the last sign: a key is base64, and ends in such signs itself.
      const at = part.indexOf('=')
      return [part.slice(0, at).trim().toLowerCase(), part.slice(at + 1).trim()]
    }),
  )
  const endpoint = parts.get('endpoint') ?? ''
  const { protocol, host } = URL.canParse(endpoint) ? new URL(endpoint) : noUrl
  const name = parts.get('sharedaccesskeyname') ?? ''
  const key = parts.get('sharedaccesskey') ?? ''
  const entity = parts.get('entitypath')
  if (!/^(?:sb|https):$/.test(protocol) || host === '' || name === '' || key === '') {
    return undefined
  }
  if (entity !== undefined && !entityName.test(entity)) return undefined
  return { host, key: { name, key }, ...(entity !== undefined && { entity }) }
}

const noUrl = { protocol: '', host: '' }
