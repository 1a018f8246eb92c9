import { caFile, httpUrl, type IniKey } from '../config/ini-value.js'
import type { Settings } from './destination.js'
import type { HttpSettings } from './http.js'

/** The keys of every section that sends over HTTP. */
export const httpKeys: Readonly<Record<'proxy' | 'ca_file', IniKey>> = {
  proxy: { parse: httpUrl },
  ca_file: { parse: caFile },
}

/** How such a section wants its destination to be reached. */
export function httpSettings({ proxy, ca_file }: Settings): HttpSettings {
  return {
    ...(proxy !== undefined && { proxy }),
    ...(ca_file !== undefined && { caFile: ca_file }),
  }
}
