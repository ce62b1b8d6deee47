import type { RouterCommand } from './router-words.ts';

/** What a command line of `etserver` asks for. Ids are 32 hexadecimal digits in lower case. */
export type ServerCommand =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | RouterCommand
  /** Serves one session; `detached`: it already leads a process session of its own. */
  | { readonly kind: 'session'; readonly detached: boolean }
  /** Carries a client's bytes between standard input and output and a session of this user. */
  | { readonly kind: 'connect'; readonly id: string }
  | { readonly kind: 'alive'; readonly id: string }
  | { readonly kind: 'list'; readonly json: boolean }
  /** Has the clients of a session leave it; `session`: a name, or the beginning of an id. */
  | { readonly kind: 'detach'; readonly session: string }
  /** `ids` may be names, and the beginnings of ids. */
  | { readonly kind: 'kill'; readonly ids: 'all' | readonly string[] };
