namespace Lakala.Plain;

public enum BillStatus
{
    Open,
    Paying,
    Paid,
}

/// <summary>The stored state of a bill; one that was never stored is open.</summary>
[GenerateSerializer]
public sealed class BillState
{
    [Id(0)]
    public BillStatus Status { get; set; }

    [Id(1)]
    public string Terminal { get; set; } = "";

    [Id(2)]
    public int Stan { get; set; }

    [Id(3)]
    public long Amount { get; set; }
}

[Alias("Lakala.Plain.IBillGrain")]
public interface IBillGrain : IGrainWithIntegerKey
{
    /// <returns>False when the bill is not open.</returns>
    [Alias("Pay")]
    Task<bool> Pay(string terminal, int stan, long amount);
}

/// <summary>A bill. Its state is written before the bank is asked, and again when the bank has approved.</summary>
public sealed class BillGrain([PersistentState("bill")] IPersistentState<BillState> bill) : Grain, IBillGrain
{
    public async Task<bool> Pay(string terminal, int stan, long amount)
    {
        if (bill.State.Status != BillStatus.Open)
        {
            return false;
        }

        bill.State = new BillState { Status = BillStatus.Paying, Terminal = terminal, Stan = stan, Amount = amount };
        await bill.WriteStateAsync();

        // The bank of this program approves at once, without a message.
        bill.State.Status = BillStatus.Paid;
        await bill.WriteStateAsync();
        return true;
    }
}
