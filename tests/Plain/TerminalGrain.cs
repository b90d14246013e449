namespace Lakala.Plain;

/// <summary>The stored state of a terminal: its last swipe and the answer to it.</summary>
[GenerateSerializer]
public sealed class TerminalState
{
    [Id(0)]
    public int Stan { get; set; }

    [Id(1)]
    public long Bill { get; set; }

    [Id(2)]
    public bool IsPaid { get; set; }
}

[Alias("Lakala.Plain.ITerminalGrain")]
public interface ITerminalGrain : IGrainWithStringKey
{
    /// <returns>False when the bill is not open.</returns>
    [Alias("Pay")]
    Task<bool> Pay(long bill, long amount);
}

/// <summary>A terminal. Its state is written before the answer leaves.</summary>
public sealed class TerminalGrain([PersistentState("terminal")] IPersistentState<TerminalState> terminal, IGrainFactory grains) : Grain, ITerminalGrain
{
    public async Task<bool> Pay(long bill, long amount)
    {
        var stan = terminal.State.Stan + 1;
        var isPaid = await grains.GetGrain<IBillGrain>(bill).Pay(this.GetPrimaryKeyString(), stan, amount);
        terminal.State = new TerminalState { Stan = stan, Bill = bill, IsPaid = isPaid };
        await terminal.WriteStateAsync();
        return isPaid;
    }
}
