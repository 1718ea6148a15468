// What the Audit screen asks the API.

import { graphql, type ResultOf } from '../../lib/graphql.ts';

const AUDIT_ROW = graphql(`
  fragment AuditRow on AuditEntry {
    id at actor role action arguments outcome errorCodes
  }
`);

export const AUDIT_LOG = graphql(
  `
  query AuditLog($filter: AuditFilter, $first: Int!, $after: String) {
    auditLog(filter: $filter, first: $first, after: $after) {
      nodes { ...AuditRow }
      pageInfo { hasNextPage endCursor }
    }
  }
`,
  [AUDIT_ROW],
);

export const AUDIT_COUNT = graphql(`
  query AuditCount($filter: AuditFilter) {
    auditLog(filter: $filter, first: 1) { totalCount }
  }
`);

// Of more than these, entries show the name in the arguments or the id.
export const NAMES = graphql(`
  query AuditNames {
    accounts(first: 200) { nodes { id name } }
    providers(first: 200) { nodes { id name } }
    apiKeys(first: 200) { nodes { id name } }
    models(first: 200) { nodes { id name } }
    users(first: 200) { nodes { id username } }
  }
`);

export type Entry = ResultOf<typeof AUDIT_ROW>;
