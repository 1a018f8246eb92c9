/**
 * Does things that a file may keep from being done: one that can't be read or written stops nothing,
 * and what it is about is tried again. The function that it gives tells whether it could be done;
 * `onError` is told the error's code, such as ENOSPC.
 */
export function createGuard(
  onError: (code: string) => void,
): (action: () => void | Promise<void>) => Promise<boolean> {
  return async action => {
    try {
      await action()
      return true
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      onError(code ?? message)
      return false
    }
  }
}
