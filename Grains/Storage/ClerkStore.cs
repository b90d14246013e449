using Npgsql;

namespace Lakala.Grains.Storage;

/// <summary>A clerk as an operator sets one up.</summary>
/// <param name="Number">4 to 8 digits, within its store.</param>
public sealed record Clerk(string Number, string Name, bool Supervisor = false)
{
    private const int MaxName = 60;

    /// <summary>What is wrong with it; null when nothing is.</summary>
    public string? Fault() =>
        Number is not { Length: >= 4 and <= 8 } || Number.AsSpan().ContainsAnyExceptInRange('0', '9') ? "number has 4 to 8 digits"
        : Name is not { Length: > 0 and <= MaxName } || Name.Any(char.IsControl) ? $"name has 1 to {MaxName} characters, none of them a control character"
        : null;
}

/// <summary>The clerks of the stores, and whether a password is theirs.</summary>
public sealed class ClerkStore(NpgsqlDataSource database)
{
    /// <summary>Sets clerks up, or anew with other passwords.</summary>
    public async Task Put(string store, IReadOnlyList<(Clerk Clerk, string Password)> clerks, string who = "command line")
    {
        var salts = clerks.Select(_ => PasswordHash.NewSalt()).ToArray();
        await using var command = database.CreateCommand(
            """
            with logged as (
              insert into audit_log (who, what, subject, before, after)
              select $7, 'clerk.put', $1 || '/' || t.number,
                     (select jsonb_build_object('name', c.name, 'supervisor', c.supervisor, 'blocked', c.blocked) from clerks c
                      where c.store_id = $1 and c.number = t.number),
                     jsonb_build_object('name', t.name, 'supervisor', t.supervisor, 'blocked', false)
              from unnest($2::text[], $3::text[], $4::boolean[]) as t(number, name, supervisor)
            )
            insert into clerks (store_id, number, name, supervisor, salt, password_hash)
            select $1, * from unnest($2::text[], $3::text[], $4::boolean[], $5::bytea[], $6::bytea[])
            on conflict (store_id, number) do update
            set name = excluded.name, supervisor = excluded.supervisor, blocked = false, salt = excluded.salt, password_hash = excluded.password_hash
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = store });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. clerks.Select(entry => entry.Clerk.Number)] });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. clerks.Select(entry => entry.Clerk.Name)] });
        command.Parameters.Add(new NpgsqlParameter<bool[]> { TypedValue = [.. clerks.Select(entry => entry.Clerk.Supervisor)] });
        command.Parameters.Add(new NpgsqlParameter<byte[][]> { TypedValue = salts });
        command.Parameters.Add(new NpgsqlParameter<byte[][]> { TypedValue = [.. clerks.Zip(salts, (entry, salt) => PasswordHash.Of(entry.Password, salt))] });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = who });
        await command.ExecuteNonQueryAsync();
    }

    /// <returns>Null when there is no such clerk, the password is another, or the clerk is blocked.</returns>
    /// <exception cref="DatabaseAwayException">It cannot be found out now.</exception>
    /// <exception cref="SignInsBusyException">Too many are being verified.</exception>
    public async Task<Clerk?> Verify(string store, string number, string password)
    {
        var (clerk, salt, hash) = await Find(store, number);
        return await PasswordHash.Matches(PasswordsOf.Clerks, password, salt, hash, CancellationToken.None) ? clerk : null;
    }

    /// <summary>Notes in the audit log that a password was not the clerk's. Of a number that is nobody's there is nothing to note.</summary>
    /// <exception cref="DatabaseAwayException">It cannot be noted now.</exception>
    public async Task NoteRefused(string store, string number, string terminal)
    {
        try
        {
            await database.Execute(
                """
                insert into audit_log (who, what, subject, detail)
                select 'nobody', 'clerk.sign_in_failed', store_id || '/' || number, 'at terminal ' || $3::text from clerks where store_id = $1 and number = $2
                """,
                CancellationToken.None,
                store,
                number,
                terminal);
        }
        catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
        {
            throw new DatabaseAwayException("The clerks: the database cannot be reached.", fault);
        }
    }

    private async Task<(Clerk? Clerk, byte[]? Salt, byte[]? Hash)> Find(string store, string number)
    {
        try
        {
            await using var command = database.CreateCommand(
                "select name, supervisor, salt, password_hash from clerks where store_id = $1 and number = $2 and not blocked");
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = store });
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = number });
            await using var row = await command.ExecuteReaderAsync();
            return await row.ReadAsync()
                ? (new Clerk(number, row.GetString(0), row.GetBoolean(1)), row.GetFieldValue<byte[]>(2), row.GetFieldValue<byte[]>(3))
                : (null, null, null);
        }
        catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
        {
            throw new DatabaseAwayException("The clerks: the database cannot be reached.", fault);
        }
    }
}
