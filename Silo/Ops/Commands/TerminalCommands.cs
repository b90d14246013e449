using Lakala.Grains.Terminals;
using Lakala.Storage.Fleet;
using Lakala.Storage.Operators;
using Lakala.Storage.Terminals;

namespace Lakala.Silo.Ops.Commands;

/// <summary>Gives commands to terminals and carries out what is due.</summary>
internal sealed class TerminalCommands(CommandRows commands, FleetQueries fleet, IGrainFactory grains, TimeProvider time)
{
    private const int RunAtOnce = 500, Few = 50, MostNamed = 20;

    private static readonly TimeSpan LatestDue = TimeSpan.FromDays(90);

    /// <summary>What cannot be taken back, or gives a terminal to another store, is for administrators.</summary>
    public static OperatorRole LeastFor(CommandKind kind) => kind is CommandKind.Retire or CommandKind.Move ? OperatorRole.Administer : OperatorRole.Act;

    /// <returns>Null: the role is enough.</returns>
    public static Refused? RefuseRole(CommandKind kind, Operator who) =>
        who.Role < LeastFor(kind) ? Refused.NotAllowed("Your role does not allow this command. Ask an administrator.") : null;

    /// <summary>Commands terminals: those that are named, or all that the filter leaves. A command that is due, to not too many, is carried out before this returns.</summary>
    /// <param name="who">Whose role <see cref="RefuseRole"/> has nothing against.</param>
    /// <param name="dueAt">Null: at once.</param>
    public async Task<Result<CommandSummary>> Give(
        CommandKind kind, string? argument, DateTimeOffset? dueAt, IReadOnlyList<string> terminals, FleetFilter? filter, Operator who, CancellationToken stop)
    {
        var now = time.GetUtcNow();
        if ((kind == CommandKind.Move) != (argument is not null))
        {
            return Refused.Conflict(kind == CommandKind.Move ? "Name the store to which the terminals move." : "Only the command to move names a store.");
        }

        if (dueAt > now + LatestDue)
        {
            return Refused.Conflict($"The time is more than {LatestDue.TotalDays:0} days ahead. Choose an earlier one.");
        }

        if (filter?.Fault() is { } fault)
        {
            return Refused.Conflict(fault + ".");
        }

        var targets = filter is null ? terminals : await fleet.Ids(filter, TerminalCommand.MostTerminals + 1, stop);
        if (targets.Count == 0)
        {
            return Refused.Conflict("No terminal is meant. Choose terminals, or a filter that shows some.");
        }

        if (targets.Count > TerminalCommand.MostTerminals)
        {
            return Refused.Conflict($"A command goes to {TerminalCommand.MostTerminals} terminals at most. Narrow the filter.");
        }

        var id = Guid.CreateVersion7(now);
        var unknown = await commands.Add(id, new TerminalCommand(kind, argument, dueAt ?? now, targets, who.Role == OperatorRole.Administer), who.Name, stop);
        if (unknown.Count > 0)
        {
            return Refused.Conflict($"These are not known: {string.Join(", ", unknown.Take(MostNamed))}{(unknown.Count > MostNamed ? " and more" : "")}.");
        }

        // Many are done by whichever silo comes to it: nobody waits for them at a page. The grains learn of what is done, even if the operator leaves.
        if (targets.Count <= RunAtOnce && (dueAt is null || dueAt <= now))
        {
            await RunDue(CancellationToken.None);
        }

        return (await commands.Find(id, stop))!;
    }

    /// <summary>
    /// Carries out what is due. Terminals that may no longer do what they could learn of it at once; of what they are asked for they
    /// learn at once when they are few, else within half a minute.
    /// </summary>
    public async Task RunDue(CancellationToken stop)
    {
        IReadOnlyList<(string Terminal, CommandKind Kind)> changed;
        do
        {
            changed = await commands.RunDue(RunAtOnce, stop);
            await grains.RefreshTerminals(changed
                .Where(change => changed.Count <= Few || change.Kind is CommandKind.Block or CommandKind.Unblock or CommandKind.Retire or CommandKind.Move)
                .Select(change => change.Terminal));
        }
        while (changed.Count > 0);
    }
}
