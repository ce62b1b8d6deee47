/** It is shown in tables and typed on command lines. */
const NAME = /^[\p{L}\p{N}_.@:+][\p{L}\p{N}_.@:+-]{0,63}$/u;

/** Whether `text` can name a session: PROTOCOL.md section 2. */
export function isSessionName(text: string): boolean {
  return NAME.test(text);
}
