// What of an error the caller gets to see: what was made for it, and nothing that gives the schema away.

import { type ExecutionResult, GraphQLError } from 'graphql';
import { withoutValues } from './error-values.ts';

/** GraphQL errors were made for the caller; whatever else surfaces was not. */
export function maskError(error: unknown, logError: (error: unknown) => void): GraphQLError {
  if (error instanceof GraphQLError && isForTheCaller(error)) return error;
  const cause = error instanceof GraphQLError ? (error.originalError ?? error) : error;
  logError(cause);
  const { nodes, path } = error instanceof GraphQLError ? error : {};
  return new GraphQLError('Unexpected error.', {
    nodes,
    path,
    extensions: { code: 'INTERNAL_SERVER_ERROR' },
  });
}

function isForTheCaller(error: GraphQLError): boolean {
  return (
    !error.originalError ||
    (error.originalError instanceof GraphQLError && isForTheCaller(error.originalError))
  );
}

/**
 * What the errors of graphql-js say too much of: it answers a wrong name with the nearest right ones, which gives the
 * schema away to callers without a login, and a wrong value by quoting it and all around it, which may be a credential.
 */
export function withoutSecrets<Result extends ExecutionResult>(result: Result): Result {
  return result.errors ? { ...result, errors: result.errors.map(discreet) } : result;
}

function discreet(error: GraphQLError): GraphQLError {
  const message = withoutValues(error).replace(/\s*Did you mean [^?]*\?/g, '');
  // Of a body that is no JSON, with the beginning of it. Yoga tells by the mere name that the status is 400.
  if ('originalError' in error.extensions) error.extensions.originalError = { name: 'SyntaxError' };
  if (message === error.message) return error;
  const { nodes, source, positions, path, extensions } = error;
  return new GraphQLError(message, { nodes, source, positions, path, extensions });
}

/** Without what only Yoga needs to know of errors. */
export function plainErrors<Result extends ExecutionResult>(result: Result): Result {
  return result.errors ? { ...result, errors: result.errors.map(plainError) } : result;
}

function plainError({ message, nodes, source, positions, path, extensions }: GraphQLError): GraphQLError {
  const { http: _status, unexpected: _flag, ...rest } = extensions;
  return new GraphQLError(message, { nodes, source, positions, path, extensions: rest });
}
