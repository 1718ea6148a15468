// Expected failures of mutations as data: thrown inside, caught once, returned as `errors`.

import { INPUT_PROBLEMS, type InputFault, type InputProblem } from '../gateway/input-faults.ts';
import { builder } from './builder.ts';

/** Description of every payload's `errors`. */
export const ERRORS = 'Empty on success.';

export interface UserError extends Partial<InputFault> {
  code: UserErrorCode;
  message: string;
  path: string[] | null;
  retryAfterSeconds: number | null;
}

const InputProblemRef = builder.enumType('InputProblem', {
  description: 'What is wrong with what was asked for or entered.',
  values: Object.fromEntries(
    Object.entries(INPUT_PROBLEMS).map(([value, description]) => [
      value.toUpperCase().replaceAll('-', '_'),
      { value: value as InputProblem, description },
    ]),
  ),
});

export const USER_ERROR_CODES = [
  'already-running',
  'in-use',
  'insecure-connection',
  'invalid-setup-token',
  'invalid-url',
  'invalid-value',
  'name-taken',
  'not-a-demo-account',
  'not-found',
  'not-testable',
  'password-too-long',
  'password-too-short',
  'too-many-attempts',
  'version-conflict',
  'wrong-password',
] as const;
type UserErrorCode = (typeof USER_ERROR_CODES)[number];

/** Thrown where a mutation finds that it cannot do what was asked; never reaches the caller as a top-level error. */
export class ExpectedFailure extends Error {
  readonly errors: UserError[];

  constructor(errors: UserError[]) {
    super(errors.map((error) => error.message).join('; '));
    this.name = 'ExpectedFailure';
    this.errors = errors;
  }
}

/** `path` leads from the mutation's arguments to the value at fault. */
export function failure(code: UserErrorCode, message: string, path?: string[]): ExpectedFailure {
  return new ExpectedFailure([{ code, message, path: path ?? null, retryAfterSeconds: null }]);
}

/** The same with what is wrong, for programs. */
export function inputFailure(
  code: UserErrorCode,
  message: string,
  fault: InputFault & { path: string[] | null },
): ExpectedFailure {
  return new ExpectedFailure([{ code, message, retryAfterSeconds: null, ...fault }]);
}

export function notFound(what: string, path: string[]): ExpectedFailure {
  return failure('not-found', `Cannot find ${what}: there is none with this id`, path);
}

/** The mutation's payload: what `work` made, with no errors unless it says so, or `empty` with the expected failures. */
export async function payload<Shape extends object>(
  empty: Shape,
  work: () => Promise<Shape & { errors?: UserError[] }>,
): Promise<Shape & { errors: UserError[] }> {
  try {
    return { errors: [], ...(await work()) };
  } catch (error) {
    if (error instanceof ExpectedFailure) return { ...empty, errors: error.errors };
    throw error;
  }
}

export const UserErrorRef = builder.objectRef<UserError>('UserError').implement({
  description: 'Why a mutation did not do what was asked. The mutation changed nothing.',
  // No admin scope: a refused login is told in these.
  fields: (t) => ({
    code: t.exposeString('code', {
      description:
        'For programs: name-taken, not-found, invalid-value, invalid-url, in-use, version-conflict, too-many-attempts, …',
    }),
    message: t.exposeString('message', { description: 'For people, in English.' }),
    path: t.exposeStringList('path', {
      nullable: true,
      description: 'Leads to the argument at fault, such as ["input", "baseUrl"].',
    }),
    problem: t.field({
      type: InputProblemRef,
      nullable: true,
      description:
        'What is wrong with the value at `path`, for programs; null when `code` says all, or only the message does.',
      resolve: ({ problem }): InputProblem | null => problem ?? null,
    }),
    min: t.float({
      nullable: true,
      description: 'The least that `problem` lets pass, in the unit of the argument; null = none.',
      resolve: ({ min }) => min ?? null,
    }),
    max: t.float({
      nullable: true,
      description:
        'The most that `problem` lets pass, in the unit of the argument, or as characters or entries; null = none.',
      resolve: ({ max }) => max ?? null,
    }),
    detail: t.string({
      nullable: true,
      description: 'The name, place or options that `problem` speaks of; null = of none.',
      resolve: ({ detail }) => detail ?? null,
    }),
    retryAfterSeconds: t.exposeInt('retryAfterSeconds', {
      nullable: true,
      description: 'Seconds until the same will be accepted again; null when waiting does not help.',
    }),
  }),
});
