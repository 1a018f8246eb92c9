/** Where in a rule file: the keys and indexes from its root. */
export type Pointer = readonly (string | number)[]

/** Takes what is wrong and where; compiling goes on, so that all faults come out at once. */
export type ReportFault = (pointer: Pointer, message: string) => void
