/** A JSON object, as JSON.parse gives it: own properties only, any of them hostile. */
export type JsonObject = Readonly<Record<string, unknown>>

/** True for a JSON object; false for arrays, null and scalars. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * True for what counts as missing: undefined, null, "", [] and {}. Vault up to about 0.11 wrote
 * those where newer versions leave the field out, so rules can't tell them apart.
 */
export function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true
  if (Array.isArray(value)) return value.length === 0
  return isJsonObject(value) && Object.keys(value).length === 0
}
