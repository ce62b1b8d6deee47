import type { Policy } from './policy.ts';

/** What may be reached. */
export type OpenPolicy = Pick<
  Policy,
  'objectionToName' | 'objectionToOpen' | 'objectionToOpenPath'
>;
