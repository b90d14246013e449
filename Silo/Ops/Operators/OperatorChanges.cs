using Lakala.Storage.Operators;
using Lakala.Storage.Postgres;

namespace Lakala.Silo.Ops.Operators;

/// <summary>A password or an admin key. It cannot be shown a second time. Prints itself masked.</summary>
internal sealed record OperatorSecret(string Name, OperatorRole Role, string Secret)
{
    public override string ToString() => $"secret of {Name}";
}

/// <summary>Changes who may do what.</summary>
internal sealed class OperatorChanges(OperatorRows operators)
{
    /// <summary>The verb <c>operator</c>: sets somebody up who may sign in at <c>/ops</c>, or anew, and prints the password, once.</summary>
    /// <returns>64: it is no such operator.</returns>
    public static async Task<int> SetUp(string connectionString, string name, string role)
    {
        if (Check(name, role).Refused is { } refused)
        {
            await Console.Error.WriteLineAsync($"operator: {refused.Reasons[0]}");
            return 64;
        }

        await using var source = Database.Open(connectionString);
        await Database.Migrate(source, connectionString);
        Console.WriteLine((await new OperatorChanges(new OperatorRows(source)).Put(name, role, "command line", CancellationToken.None)).Value.Secret);
        return 0;
    }

    /// <summary>Sets an operator up, or anew with another role and password.</summary>
    public async Task<Result<OperatorSecret>> Put(string name, string? role, string who, CancellationToken stop)
    {
        var person = Check(name, role);
        return person.Refused is { } refused ? refused : new OperatorSecret(name, person.Value.Role, await operators.Put(person.Value, who, stop));
    }

    public async Task<Result<string>> Block(string name, string who, CancellationToken stop) =>
        await operators.Block(name, who, stop) ? name : Refused.NotFound("operator", name);

    public async Task<Result<OperatorSecret>> AddKey(string name, string? role, string who, CancellationToken stop)
    {
        var program = Check(name, role);
        return program.Refused is { } refused ? refused
            : await operators.AddKey(name, program.Value.Role, who, stop) is { } key ? new OperatorSecret(name, program.Value.Role, key)
            : Refused.Conflict($"There is a key {name} already.");
    }

    public async Task<Result<string>> RevokeKey(string name, string who, CancellationToken stop) =>
        await operators.RevokeKey(name, who, stop) ? name : Refused.NotFound("key", name);

    private static Result<Operator> Check(string name, string? role) =>
        Operator.Parse(role) is not { } least ? Refused.Invalid("role", "role is watch, act or administer.")
        : new Operator(name, least).Fault() is { } fault ? Refused.Invalid(null, fault + ".")
        : new Operator(name, least);
}
