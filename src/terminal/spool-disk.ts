/** Where a spool keeps its sealed blocks: files by number, each written from its beginning to its end. */
export interface SpoolDisk {
  /**
   * Writes `pieces` at `position` of `file`, which is made if it is not there. `done` is called once, never within this call, with what
   * went wrong; then any part of the pieces may have been written. There is one write at a time.
   */
  write(
    file: number,
    position: number,
    pieces: readonly Uint8Array[],
    done: (failure?: unknown) => void,
  ): void;
  /** Fills `into` from `position` of `file`. @throws whatever is wrong with the file, or where it ends too soon. */
  read(file: number, position: number, into: Uint8Array): void;
  /** Deletes `file`, which nobody is writing, sooner or later. */
  forget(file: number): void;
  /** Deletes everything, at once and as far as possible. Nothing is written afterwards. */
  remove(): void;
}
