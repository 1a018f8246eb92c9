import { randomBytes } from 'node:crypto'
import { closeSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { alertRecord } from '../alert/alert-record.js'
import type { Alert } from '../alert/alert.js'
import { decoderOf } from '../entry/decoder.js'
import type { Log } from '../entry/entry.js'
import { csvHeader, csvLine } from './csv.js'
import { createPageData } from './page-data.js'
import { page, type PageOrigin } from './page.js'
import { pageParts } from './page-parts.js'
import { reported } from './reported.js'

/** Where each form of a report goes; undefined ones aren't made. */
export interface ReportPaths {
  readonly report: string | undefined
  readonly csv: string | undefined
  readonly json: string | undefined
}

/** The reports of a replay. They never throw: recording and sending don't depend on them. */
export interface ReportFiles {
  /** Takes alerts, in the order of the log. */
  add(alerts: readonly Alert[]): void
  /** Puts the files in their places; gives what went wrong, if something did: then one isn't there. */
  end(origin: PageOrigin): string | undefined
  /** Leaves what is in their places as it was. Gives the reason back, if a report was asked for. */
  abandon(reason: string): string | undefined
}

/**
 * Starts the files that are asked for beside their places, so that what can't be written is known
 * before a log is read, and a replay that ends early leaves the last report as it was. Only the
 * owner may read them. Throws errors of the file system, and where two of them have the same name.
 */
export function openReportFiles(paths: ReportPaths, log: Log): ReportFiles {
  const opened: {
    readonly path: string
    readonly unfinished: string
    readonly fd: number
  }[] = []
  const open = (path: string | undefined) => {
    if (path === undefined) return undefined
    const unfinished = `${path}.${randomBytes(6).toString('hex')}`
    const fd = openSync(unfinished, 'wx', 0o600)
    opened.push({ path, unfinished, fd })
    return { write: (text: string) => writeFileSync(fd, text) }
  }
  const abandon = () => {
    for (const { unfinished, fd } of opened.splice(0)) {
      closeSync(fd)
      rmSync(unfinished, { force: true })
    }
  }
  const names = Object.values(paths).filter(path => path !== undefined)
  if (new Set(names).size < names.length) {
    throw new Error('two of --report, --csv and --json name the same file')
  }
  let fault: string | undefined
  const attempt = (action: () => void) => {
    if (fault !== undefined) return
    try {
      action()
    } catch (error) {
      fault = error instanceof Error ? error.message : String(error)
      abandon()
    }
  }
  try {
    const [html, csv, json] = [open(paths.report), open(paths.csv), open(paths.json)]
    const pageData = html && createPageData(log)
    const { decode } = decoderOf(log)
    csv?.write(csvHeader)
    json?.write('[')
    let separator = '\n'
    const add = (alert: Alert) => {
      const shown = reported(alert, decode)
      pageData?.add(shown)
      csv?.write(csvLine(shown))
      json?.write(`${separator}${alertRecord(shown.alert)}`)
      separator = ',\n'
    }
    return {
      add(alerts) {
        if (opened.length > 0) attempt(() => alerts.forEach(add))
      },
      end(origin) {
        attempt(() => {
          json?.write('\n]\n')
          if (pageData !== undefined) {
            html!.write(page(pageData.data(), pageParts(), origin))
          }
          for (const { path, unfinished } of opened) renameSync(unfinished, path)
          for (const { fd } of opened.splice(0)) closeSync(fd)
        })
        return fault
      },
      abandon(reason) {
        if (opened.length > 0) fault ??= reason
        abandon()
        return fault
      },
    }
  } catch (error) {
    abandon()
    throw error
  }
}
