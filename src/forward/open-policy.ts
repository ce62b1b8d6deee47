import type { Policy } from './policy.ts';

/** What may be reached. */
export type OpenPolicy = Pick<
  Policy,
  'objectionToName' | 'objectionToOpen' | 'objectionToOpenPath'
>;

/** What a session server asks about all that its client wants. */
export type ForwardPolicy = OpenPolicy &
  Pick<
    Policy,
    'objectionToTunnels' | 'objectionToAgent' | 'objectionToListen' | 'objectionToListenPath'
  >;
