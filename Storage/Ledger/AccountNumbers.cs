using Lakala.Rules.Ledger;
using Lakala.Storage.Postgres;
using Npgsql;

namespace Lakala.Storage.Ledger;

/// <summary>The numbers of the accounts that a writer has posted to. A number never changes, so each is asked for once.</summary>
/// <remarks>Of one writer alone: its batches do not overlap.</remarks>
internal sealed class AccountNumbers
{
    /// <summary>The most numbers in memory; above it all are forgotten, and asked for again.</summary>
    private const int Most = 100_000;

    /// <summary>Makes the accounts of $1, $2 and $3 (arrays of kind, owner and currency) that do not exist.</summary>
    internal const string MakeMissing =
        """
        insert into accounts (kind, owner, currency)
        select distinct w.* from unnest($1::text[], $2::text[], $3::text[]) as w(kind, owner, currency)
        where not exists (select 1 from accounts a where a.kind = w.kind and a.owner = w.owner and a.currency = w.currency)
        order by kind, owner, currency on conflict do nothing
        """;

    private readonly Dictionary<Account, int> _known = [];

    /// <param name="account">One of the entries of the last <see cref="Find"/>.</param>
    public int this[Account account] => _known[account];

    /// <summary>Finds the accounts of the entries, and makes those that do not exist.</summary>
    public async ValueTask Find(NpgsqlConnection connection, IReadOnlyCollection<Entry> entries)
    {
        var missing = Missing(entries);
        if (_known.Count + missing.Count > Most)
        {
            _known.Clear();
            missing = Missing(entries);
        }

        if (missing.Count == 0)
        {
            return;
        }

        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                ToCommand(MakeMissing, missing),

                // A statement of its own: it sees the accounts that another session has just made.
                ToCommand(
                    """
                    select w.ord, a.id from unnest($1::text[], $2::text[], $3::text[]) with ordinality as w(kind, owner, currency, ord)
                    join accounts a on a.kind = w.kind and a.owner = w.owner and a.currency = w.currency
                    """,
                    missing),
            },
        };
        await using var rows = await batch.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            _known[missing[(int)rows.Get<long>("ord") - 1]] = rows.Get<int>("id");
        }
    }

    private List<Account> Missing(IReadOnlyCollection<Entry> entries)
    {
        HashSet<Account>? missing = null;
        foreach (var entry in entries)
        {
            foreach (var line in entry.Lines)
            {
                if (!_known.ContainsKey(line.Account))
                {
                    (missing ??= []).Add(line.Account);
                }
            }
        }

        return missing is null ? [] : [.. missing];
    }

    private static NpgsqlBatchCommand ToCommand(string sql, List<Account> accounts) => new(sql)
    {
        Parameters =
        {
            new NpgsqlParameter<string[]> { TypedValue = [.. accounts.Select(static account => StateNames.Format(account.Kind))] },
            new NpgsqlParameter<string[]> { TypedValue = [.. accounts.Select(static account => account.Owner)] },
            new NpgsqlParameter<string[]> { TypedValue = [.. accounts.Select(static account => account.Currency)] },
        },
    };
}
