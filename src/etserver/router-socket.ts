/** Where session servers find a router, unless EVERTERM_ROUTER_SOCKET names another place. */
export const ROUTER_SOCKET = '/run/everterm/router.sock';
