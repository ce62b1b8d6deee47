/** What a client that comes back is shown: all it has missed, the screen as it is, or whichever it says then. */
export type BacklogPolicy = 'replay' | 'live' | 'ask';

/** Up to this, all is shown in any case. */
export const WORTH_SKIPPING_BYTES: number = 1024 * 1024;

/** Whoever does not say it gets every byte. */
export function backlogPolicyOf(value: unknown): BacklogPolicy {
  return value === 'live' || value === 'ask' ? value : 'replay';
}
