/** The far side did not reach a target. `message` says why, in one line for people; it may come from the other end. */
export class TunnelRefusal extends Error {
  override readonly name = 'TunnelRefusal';
  /** Of `REASON` (src/wire/messages.ts). */
  readonly reasonCode: number;

  constructor(reasonCode: number, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.reasonCode = reasonCode;
  }
}
