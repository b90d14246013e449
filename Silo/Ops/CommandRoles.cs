using Lakala.Storage.Operators;
using Lakala.Storage.Terminals;

namespace Lakala.Silo.Ops;

internal static class CommandRoles
{
    /// <summary>What cannot be taken back, or gives a terminal to another store, is for administrators.</summary>
    public static OperatorRole LeastFor(CommandKind kind) => kind is CommandKind.Retire or CommandKind.Move ? OperatorRole.Administer : OperatorRole.Act;
}
