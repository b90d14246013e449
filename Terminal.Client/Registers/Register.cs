using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.Channels;
using Lakala.Terminal.Client.Counters;
using Lakala.Terminal.Client.Readers;
using Lakala.Terminal.Client.Words;

namespace Lakala.Terminal.Client.Registers;

/// <summary>
/// A cash register drives the terminal: one JSON object a line in, one report a line out, in order. The terminal stays signed
/// on between them. <c>cancel</c> gives up the last requested payment, under way or still waiting.
/// </summary>
internal sealed class Register(Counter counter, TextReader input, TextWriter error)
{
    private const int MaxWaiting = 16;

    private readonly Channel<(Order Order, CancellationToken Abandon)> _orders = Channel.CreateBounded<(Order, CancellationToken)>(MaxWaiting);

    /// <summary>Runs until the input ends or the program is stopped.</summary>
    public async Task<int> Run(CancellationToken stop)
    {
        var reading = Task.Run(() => Read(stop), CancellationToken.None);
        try
        {
            await foreach (var (order, abandon) in _orders.Reader.ReadAllAsync(stop))
            {
                Show(await Execute(order, abandon, stop));
            }

            await reading;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The reader may wait for a line that never comes; the program ends without waiting for it.
        }

        return ExitCode.Done;
    }

    private async Task Read(CancellationToken stop)
    {
        var last = new CancellationTokenSource();
        try
        {
            while (input.ReadLine() is { } line)
            {
                var order = Order.Parse(line);
                if (order.Do == Order.Cancel)
                {
                    await last.CancelAsync();
                    continue;
                }

                if (order.Do == Order.Pay)
                {
                    last.Dispose();
                    last = new CancellationTokenSource();
                }

                await _orders.Writer.WriteAsync((order, last.Token), stop);
            }
        }
        finally
        {
            _orders.Writer.Complete();
            last.Dispose();
        }
    }

    private async Task<Report> Execute(Order order, CancellationToken abandon, CancellationToken stop)
    {
        var bill = order.Bill?.Trim() ?? "";
        switch (order.Do)
        {
            case Order.Settle:
                return await counter.Settle(stop);

            case Order.Reprint:
                return counter.Reprint();

            case Order.Close:
                return await counter.CloseBatches(stop);

            case Order.ReprintBatch:
                return counter.ReprintBatch();

            case Order.Lookup:
                return Counter.RefuseBill(bill, counter.Texts) ?? await counter.Lookup(bill, stop);

            case Order.Pay:
                var card = SwipedCard.Read(order.Card, order.Pin, out var fault);
                return card is null ? SwipeReport.Refused(fault!, bill)
                    : Counter.RefuseBill(bill, counter.Texts) ?? await counter.Pay(bill, card, abandon, stop);

            default:
                return SwipeReport.Refused(counter.Texts.NotUnderstood);
        }
    }

    // The outcome stands, also when nobody reads it: receipts that are not on paper are printed again, as duplicates.
    private void Show(Report report)
    {
        try
        {
            counter.Show(report);
        }
        catch (IOException fault)
        {
            error.WriteLine(fault.Message);
        }
    }
}

/// <summary>A line of the cash register.</summary>
/// <param name="Card">Track 2 as a reader sends it.</param>
internal sealed record Order(string? Do, string? Bill = null, string? Card = null, string? Pin = null)
{
    public const string Pay = "pay", Lookup = "lookup", Settle = "settle", Reprint = "reprint", Close = "close", ReprintBatch = "reprint-batch", Cancel = "cancel";

    /// <returns>For an invalid line a request without an action, which is refused.</returns>
    public static Order Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, OrderJson.Default.Order) ?? new Order((string?)null);
        }
        catch (JsonException)
        {
            // The exception could quote the line, which may have a card.
            return new Order((string?)null);
        }
    }

    public override string ToString() => $"{Do} {Bill}";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Order))]
internal sealed partial class OrderJson : JsonSerializerContext;
