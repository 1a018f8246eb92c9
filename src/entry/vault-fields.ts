import { auditText } from './audit-entry.js'
import { valueAt } from './field-path.js'
import { isEmpty, isJsonObject, type JsonObject } from './json-object.js'

/**
 * The fields under `vault.` that the decoder derives from an audit entry, so that rules needn't
 * know which version of Vault wrote it. Each gives undefined where the entry doesn't say.
 */
export const vaultFields: Readonly<Record<string, (entry: JsonObject) => unknown>> = {
  actor: once(actor),
  policies: once(policies),
  mount: once(entry => splitPath(entry)?.mount),
  subpath: once(entry => splitPath(entry)?.subpath),
  login: once(login),
  outcome: once(outcome),
}

/** Many rules ask the same of one entry after the other. */
function once<T>(derive: (entry: JsonObject) => T): (entry: JsonObject) => T {
  let last: JsonObject | undefined
  let derived: T
  return entry => {
    if (entry !== last) {
      derived = derive(entry)
      last = entry
    }
    return derived
  }
}

/** The steadiest name of who asked: entity, token accessor, display name, or address. */
function actor(entry: JsonObject): string | undefined {
  return (
    auditText(entry, 'auth', 'entity_id') ??
    auditText(entry, 'auth', 'accessor') ??
    auditText(entry, 'auth', 'display_name') ??
    auditText(entry, 'request', 'remote_address')
  )
}

/** Every policy that the request was made with; a token that the response issues is not the caller's. */
function policies(entry: JsonObject): string[] {
  const external = valueAt(entry, ['auth', 'external_namespace_policies'])
  const all = [
    ...policyFields.map(name => valueAt(entry, ['auth', name])),
    ...Object.values(isJsonObject(external) ? external : {}).filter(Array.isArray),
  ].flat()
  return [...new Set(all.filter(policy => typeof policy === 'string'))]
}

/** Fields of `auth`; beside them, `external_namespace_policies` has an array for each namespace. */
export const policyFields = ['policies', 'token_policies', 'identity_policies']

/**
 * The path cut in two: the mount with its trailing slash, as Vault writes mount points, and what
 * follows it. Vault up to 1.13 or so and the endpoints in front of the router say no mount point:
 * then the mount is the first segment, after `auth/` the first two.
 */
function splitPath(entry: JsonObject): { mount: string; subpath: string } | undefined {
  const path = auditText(entry, 'request', 'path')
  if (path === undefined) return undefined
  const mount =
    mountPoint(entry, path) ?? loginMount(path) ?? /^(?:auth\/)?[^/]*\/?/.exec(path)![0]
  return {
    mount: mount.endsWith('/') ? mount : `${mount}/`,
    subpath: path.slice(mount.length),
  }
}

/** Auth mounts may be nested; where somebody logs in, the path tells how deep. */
function loginMount(path: string): string | undefined {
  return loginPath.test(path)
    ? path.replace(/(?:login(?:\/[^/]+)?|[^/]+\/callback)$/, '')
    : undefined
}

/** `request.mount_point` without the namespace that it may begin with, if the path is below it. */
function mountPoint(entry: JsonObject, path: string): string | undefined {
  const written = auditText(entry, 'request', 'mount_point')
  if (written === undefined) return undefined
  const namespace = auditText(entry, 'request', 'namespace', 'path') ?? ''
  const shortened = written.startsWith(namespace)
    ? written.slice(namespace.length)
    : written
  return [written, shortened].find(mount => mount !== '' && path.startsWith(mount))
}

/** Below an auth mount these take a credential and give a token. */
const loginEndpoint = /^(?:(?:cel\/)?login(?:\/.*)?|(?:oidc|saml)\/callback)$/

/**
 * The same where the mount point isn't known and the auth mount may be nested
 * (`auth/team-a/approle/login`): a `login` segment that isn't the name of a role or a user. What
 * follows `auth/` is a mount, whatever its name.
 */
const loginPath =
  /^auth\/[^/]+\/(?:(?!roles?\/|users?\/|groups?\/|config\/|map\/|certs\/)[^/]+\/)*(?:login(?:\/[^/]+)?|(?:oidc|saml)\/callback)$/

function isLogin(entry: JsonObject): boolean {
  const path = auditText(entry, 'request', 'path')
  if (path === undefined || !path.startsWith('auth/')) return false
  const mount = mountPoint(entry, path)
  return mount === undefined
    ? loginPath.test(path)
    : loginEndpoint.test(path.slice(mount.length))
}

/**
 * `succeeded` or `failed` on the response to a login, wherever the auth method is mounted. Vault
 * writes no `error` for an unknown user or role, only `response.data.error`, so success is told by
 * the token (or its wrapping) in the response. The request says nothing yet.
 */
function login(entry: JsonObject): 'succeeded' | 'failed' | undefined {
  if (!isResponse(entry) || !isLogin(entry)) return undefined
  const issued = ['auth', 'wrap_info'].some(
    key => !isEmpty(valueAt(entry, ['response', key])),
  )
  if (issued) return 'succeeded'
  return failed(entry) ? 'failed' : undefined
}

/**
 * What came of the request: `denied` (by policy, or without a valid token), `failed` (any other
 * error) or `succeeded`. A request entry without an error can't know yet. `policy_results` counts
 * only against: Vault may write `allowed: true` on a request that it denies.
 */
function outcome(entry: JsonObject): 'succeeded' | 'denied' | 'failed' | undefined {
  const error = auditText(entry, 'error') ?? ''
  if (
    /permission denied|missing client token/.test(error) ||
    valueAt(entry, ['auth', 'policy_results', 'allowed']) === false
  ) {
    return 'denied'
  }
  if (failed(entry)) return 'failed'
  return isResponse(entry) ? 'succeeded' : undefined
}

function failed(entry: JsonObject): boolean {
  return [['error'], ['response', 'data', 'error'], ['response', 'data', 'errors']].some(
    path => !isEmpty(valueAt(entry, path)),
  )
}

/** KMIP and others write `<mount>-response`. */
function isResponse(entry: JsonObject): boolean {
  const type = auditText(entry, 'type')
  return type === 'response' || (type?.endsWith('-response') ?? false)
}
