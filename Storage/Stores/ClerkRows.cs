using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Npgsql;

namespace Lakala.Storage.Stores;

/// <summary>The clerks of the stores, and the check of their passwords.</summary>
public sealed class ClerkRows(NpgsqlDataSource database)
{
    /// <summary>Wrong passwords of one clerk, at all terminals and silos together.</summary>
    public const int WrongPerWindow = 5;

    /// <summary>The time of the lock, from the first wrong password on.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    /// <summary>Creates clerks, or sets new passwords; earlier wrong tries are cleared.</summary>
    public Task Put(string store, IReadOnlyList<(Clerk Clerk, string Password)> clerks, string who = "command line") => database.Execute(
        """
        with logged as (
          insert into audit_log (who, what, subject, before, after)
          select $6, 'clerk.put', $1 || '/' || t.number,
                 (select jsonb_build_object('name', c.name, 'supervisor', c.supervisor, 'blocked', c.blocked) from clerks c
                  where c.store_id = $1 and c.number = t.number),
                 jsonb_build_object('name', t.name, 'supervisor', t.supervisor, 'blocked', false)
          from unnest($2::text[], $3::text[], $4::boolean[]) as t(number, name, supervisor)
        )
        insert into clerks (store_id, number, name, supervisor, password, salt, password_hash)
        select $1, *, '', '' from unnest($2::text[], $3::text[], $4::boolean[], $5::text[])
        on conflict (store_id, number) do update
        set name = excluded.name, supervisor = excluded.supervisor, blocked = false, password = excluded.password, salt = '', password_hash = '',
            tries = 0, tries_from = null
        """,
        CancellationToken.None,
        store,
        clerks.Select(entry => entry.Clerk.Number).ToArray(),
        clerks.Select(entry => entry.Clerk.Name).ToArray(),
        clerks.Select(entry => entry.Clerk.Supervisor).ToArray(),
        clerks.Select(entry => StoredPassword.Hash(entry.Password).Text).ToArray(),
        who);

    /// <summary>
    /// Counts a try before the check, and takes the count back when the password was right: concurrent tries at any number of silos cannot
    /// exceed the bound. A wrong password is written to the audit log; an unknown number is not.
    /// </summary>
    /// <param name="terminal">The terminal where the password was keyed in.</param>
    /// <returns>The clerk, or the refusal: <see cref="Refusal.ClerkRefused"/> for an unknown or blocked clerk or a wrong password; <see cref="Refusal.ClerkLocked"/>.</returns>
    /// <exception cref="DatabaseAwayException">It cannot be checked now.</exception>
    /// <exception cref="SignInsBusyException">Too many are being verified.</exception>
    public async Task<(Clerk? Clerk, Refusal? Why)> Verify(string store, string number, string password, string terminal)
    {
        try
        {
            var (isKnown, taken) = await database.First(TakeTry, static row => (true, ReadTry(row)), CancellationToken.None, store, number, Window, WrongPerWindow);
            if (isKnown && taken is null)
            {
                return (null, Refusal.ClerkLocked);
            }

            if (!await IsRight(store, password, taken))
            {
                await database.Execute(NoteWrong, CancellationToken.None, store, number, terminal);
                return (null, Refusal.ClerkRefused);
            }

            await GiveBack(store, taken!, await Passwords.Strengthen(taken!.Stored, password));
            return (taken.Clerk, null);
        }
        catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
        {
            throw new DatabaseAwayException("The clerks: the database cannot be reached.", fault);
        }
    }

    /// <summary>Whether a clerk of the store has this number and is not blocked.</summary>
    /// <exception cref="DatabaseAwayException">It cannot be read now.</exception>
    public async Task<bool> IsKnown(string store, string number)
    {
        try
        {
            return await database.First(
                "select exists (select from clerks where store_id = $1 and number = $2 and not blocked) as is_known",
                static row => row.Get<bool>("is_known"),
                CancellationToken.None,
                store,
                number);
        }
        catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
        {
            throw new DatabaseAwayException("The clerks: the database cannot be reached.", fault);
        }
    }

    private async Task<bool> IsRight(string store, string password, Try? taken)
    {
        try
        {
            return await Passwords.Matches(PasswordsOf.Clerks, password, taken?.Stored, CancellationToken.None);
        }
        catch (SignInsBusyException) when (taken is not null)
        {
            // A password that was not checked does not count as a try.
            await GiveBack(store, taken, taken.Stored);
            throw;
        }
    }

    // Only the own count: not from a count that has begun again, and not after a password was set meanwhile.
    private async Task GiveBack(string store, Try taken, StoredPassword kept) => await database.Execute(
        $"""
        update clerks set tries = tries - 1, password = $5, salt = '', password_hash = ''
        where store_id = $1 and number = $2 and tries_from = $3 and {Passwords.Stored} = $4
        """,
        CancellationToken.None,
        store,
        taken.Clerk.Number,
        taken.From,
        taken.Stored.Text,
        kept.Text);

    // No row: there is no such clerk, or it is blocked. A row without a name: no try is left.
    private const string TakeTry =
        $"""
        with taken as (
          update clerks
          set tries = case when tries_from > now() - $3::interval then tries + 1 else 1 end,
              tries_from = case when tries_from > now() - $3::interval then tries_from else now() end
          where store_id = $1 and number = $2 and not blocked and (tries < $4 or tries_from <= now() - $3::interval)
          returning name, supervisor, {Passwords.Stored} as stored, tries_from
        )
        select c.number, t.name, t.supervisor, t.stored, t.tries_from from clerks c left join taken t on true
        where c.store_id = $1 and c.number = $2 and not c.blocked
        """;

    private const string NoteWrong =
        """
        insert into audit_log (who, what, subject, detail)
        select 'nobody', 'clerk.sign_in_failed', store_id || '/' || number, 'at terminal ' || $3::text from clerks where store_id = $1 and number = $2
        """;

    private static Try? ReadTry(NpgsqlDataReader row) => row.IsNull("name")
        ? null
        : new Try(
            new Clerk(row.Get<string>("number"), row.Get<string>("name"), row.Get<bool>("supervisor")),
            StoredPassword.Parse(row.Get<string>("stored")),
            row.Get<DateTimeOffset>("tries_from"));

    /// <param name="From">The time since which the clerk's tries are counted, including this one.</param>
    private sealed record Try(Clerk Clerk, StoredPassword Stored, DateTimeOffset From);
}
