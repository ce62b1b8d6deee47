/** Where the session server listens unless the user says otherwise. */
export const DEFAULT_SERVER_PORT = '60000-61000';
