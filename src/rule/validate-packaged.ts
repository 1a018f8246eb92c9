import { rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { formatFault } from '../fault.js'
import { builtRules, filesBelow, type BuiltRules } from './built-rules.js'
import { loadRules } from './load-rules.js'
import { digestOf, packagedRules, validatedDigest } from './packaged-rules.js'
import { readLists } from './read-lists.js'
import { readRuleFiles } from './rule-files.js'

// The last step of `npm run build`: validates the packaged rules once, so that no start has to.
rmSync(validatedDigest, { force: true })
rmSync(builtRules, { force: true })
const { rules, faults } = await loadRules([])
for (const fault of faults) console.error(formatFault(fault))
if (faults.length > 0) process.exitCode = 78
else {
  const files = readRuleFiles([fileURLToPath(packagedRules)])
  const built: BuiltRules = {
    files: filesBelow(packagedRules),
    rules: rules.map(({ rule }) => ({ ...rule, tests: [] })),
    lists: Object.fromEntries(await readLists([files], [])),
  }
  writeFileSync(validatedDigest, `${digestOf(files.rules)}\n`)
  writeFileSync(builtRules, JSON.stringify(built))
}
