using System.ComponentModel;
using System.Reflection;
using Lakala.Silo.Merchants;
using Lakala.Silo.Ops.Terminals;
using Lakala.Storage.Stores;

namespace Lakala.Silo.Tests.Ops;

public sealed class ReadyTerminalTests
{
    [Theory]
    [InlineData(typeof(StoreModel), nameof(StoreModel.Ready))]
    [InlineData(typeof(TerminalModel), nameof(TerminalModel.State))]
    public void The_documents_say_how_long_ago_a_terminal_was_heard_that_is_ready(Type model, string member) =>
        model.GetProperty(member)!.GetCustomAttribute<DescriptionAttribute>()!.Description
            .Should().Contain($"heard within the last {StoreFinder.ReadyWithin.TotalSeconds} seconds");
}
