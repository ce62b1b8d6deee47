/**
 * How urgent a channel's bytes are, most urgent first: questions about the session, a terminal, exec and other small
 * interactive flows, forwards (served fairly by bytes), and bulk, which keeps a twentieth of the bytes whatever else waits.
 */
export type Priority = 'control' | 'terminal' | 'interactive' | 'forward' | 'bulk';

/** In order of service; a channel's class is its place here. */
export const PRIORITIES: readonly Priority[] = [
  'control',
  'terminal',
  'interactive',
  'forward',
  'bulk',
];

export function classOf(priority: Priority): number {
  return PRIORITIES.indexOf(priority);
}
