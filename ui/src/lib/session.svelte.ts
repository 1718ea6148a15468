// Who is at the panel: asked once at the start, changed by logging in and out and by the API refusing a call.

import {
  type ApiError,
  announceLoggedOut,
  asApiError,
  graphql,
  onLoggedOut,
  refuseUserErrors,
  run,
} from './graphql.ts';
import { setupTokenOf } from './place.ts';

const SESSION = graphql(`
  query Session {
    session { authenticated setupRequired expiresAt role name }
  }
`);

const BUILD = graphql(`
  query Build {
    build { version commit runtime startedAt nodeId demo }
  }
`);

const SETUP = graphql(`
  mutation Setup($input: SetupInput!) {
    setup(input: $input) { session { authenticated role name } errors { code message retryAfterSeconds problem min max } }
  }
`);

const LOGIN = graphql(`
  mutation Login($input: LoginInput!) {
    login(input: $input) { session { authenticated role name } errors { code message retryAfterSeconds } }
  }
`);

const LOGOUT = graphql(`
  mutation Logout {
    logout { errors { code message } }
  }
`);

export type SessionState = 'asking' | 'setup' | 'login' | 'in' | 'failed';

export interface Build {
  version: string;
  commit: string | null;
  runtime: string;
  startedAt: string;
  nodeId: string;
  demo: boolean;
}

export type Role = 'ADMIN' | 'OPERATOR' | 'VIEWER' | 'OWN';

const RANKS: Record<Role, number> = { OWN: 0, VIEWER: 1, OPERATOR: 2, ADMIN: 3 };

let state = $state<SessionState>('asking');
let role = $state<Role | null>(null);
let name = $state<string | null>(null);
let error = $state.raw<ApiError | null>(null);
let build = $state.raw<Build | null>(null);
let setupToken = $state('');

export const session = {
  get state(): SessionState {
    return state;
  },
  get error(): ApiError | null {
    return error;
  },
  get build(): Build | null {
    return build;
  },
  get role(): Role | null {
    return role;
  },
  /** Of the admin token that logged in; `panel` for the password. */
  get name(): string | null {
    return name;
  },
  /** Whether the one who is logged in may do what this role may; controls for more are disabled and say why. */
  may(needed: Role): boolean {
    return role !== null && RANKS[role] >= RANKS[needed];
  },
  /** From the address that the server printed; empty when the person has to paste it. */
  get setupToken(): string {
    return setupToken;
  },
};

/** Takes the one-time token out of the address at once, so that it stays in no history and no screenshot. */
export function takeSetupToken(): void {
  const token = setupTokenOf(location.hash);
  if (token === null) return;
  setupToken = token;
  history.replaceState(null, '', location.pathname + location.search);
}

export async function askSession(): Promise<void> {
  state = 'asking';
  try {
    const { session: found } = await run(SESSION, {});
    if (found.authenticated) await enter(found);
    else state = found.setupRequired ? 'setup' : 'login';
  } catch (failure) {
    error = asApiError(failure);
    state = 'failed';
  }
}

export async function setUp(token: string, password: string): Promise<void> {
  const { setup } = await run(SETUP, { input: { token, password } });
  refuseUserErrors(setup.errors);
  setupToken = '';
  await enter(setup.session);
}

export async function logIn(password: string): Promise<void> {
  const { login } = await run(LOGIN, { input: { password } });
  refuseUserErrors(login.errors);
  await enter(login.session);
}

export async function logOut(): Promise<void> {
  await run(LOGOUT, {});
  announceLoggedOut();
}

onLoggedOut(() => {
  if (state === 'in') state = 'login';
  try {
    // What was written in this tab may hold secrets: whoever logs in next must not find it.
    sessionStorage.clear();
  } catch {
    // Storage that is blocked has kept nothing.
  }
});

/** Asks again what runs: the demo ends with the first real account. */
export async function refreshBuild(): Promise<void> {
  build = (await run(BUILD, {})).build;
}

async function enter(who: { role: Role | null; name: string | null } | null): Promise<void> {
  role = who?.role ?? null;
  name = who?.name ?? null;
  await refreshBuild();
  error = null;
  state = 'in';
}
