using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.Channels;
using Lakala.Terminal.Client.Counters;
using Lakala.Terminal.Client.Readers;
using Lakala.Terminal.Client.Setup;
using Lakala.Terminal.Client.Words;

namespace Lakala.Terminal.Client.Registers;

/// <summary>
/// A cash register drives the terminal: one JSON object a line in, one report a line out, in order. The terminal stays signed
/// on between them. <c>cancel</c> gives up the last requested payment, under way or still waiting.
/// </summary>
internal sealed class Register(Counter counter, TextReader input, TextWriter error)
{
    private const int MaxWaiting = 16;

    private readonly Channel<(RegisterRequest Request, CancellationToken Abandon)> _requests = Channel.CreateBounded<(RegisterRequest, CancellationToken)>(MaxWaiting);

    /// <summary>Runs until the input ends or the program is stopped.</summary>
    public async Task<int> Run(CancellationToken stop)
    {
        var reading = Task.Run(() => Read(stop), CancellationToken.None);
        try
        {
            await foreach (var (request, abandon) in _requests.Reader.ReadAllAsync(stop))
            {
                Show(await Execute(request, abandon, stop));
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
                var request = RegisterRequest.Parse(line);
                if (request.Do == RegisterRequest.Cancel)
                {
                    await last.CancelAsync();
                    continue;
                }

                if (request.Do == RegisterRequest.Pay)
                {
                    last.Dispose();
                    last = new CancellationTokenSource();
                }

                await _requests.Writer.WriteAsync((request, last.Token), stop);
            }
        }
        finally
        {
            _requests.Writer.Complete();
            last.Dispose();
        }
    }

    private async Task<Report> Execute(RegisterRequest request, CancellationToken abandon, CancellationToken stop)
    {
        var bill = request.Bill?.Trim() ?? "";
        switch (request.Do)
        {
            case RegisterRequest.Settle:
                return await counter.Settle(stop);

            case RegisterRequest.Reprint:
                return counter.Reprint();

            case RegisterRequest.Close:
                return await counter.CloseBatches(stop);

            case RegisterRequest.ReprintBatch:
                return counter.ReprintBatch();

            case RegisterRequest.Lookup:
                return Counter.RefuseBill(bill, counter.Texts) ?? await counter.Lookup(bill, stop);

            case RegisterRequest.Pay:
                var card = SwipedCard.Read(request.Card, request.Pin, out var fault);
                return card is null ? SwipeReport.Refused(fault!, bill)
                    : Counter.RefuseBill(bill, counter.Texts) ?? await counter.Pay(bill, card, abandon, stop);

            case RegisterRequest.Refund:
                return await Refund(request, stop);

            default:
                return SwipeReport.Refused(counter.Texts.NotUnderstood);
        }
    }

    private async Task<Report> Refund(RegisterRequest request, CancellationToken stop)
    {
        var payment = request.Payment?.Trim() ?? "";
        if (SwipedCard.ReadTrack(request.Card, out var fault) is not { } card)
        {
            return SwipeReport.Refused(fault!, payment);
        }

        counter.Clerk = string.IsNullOrEmpty(request.Clerk) ? null : new ClerkIdentity(request.Clerk, "", IsSupervisor: false);
        return Counter.RefusePayment(payment, counter.Texts)
            ?? await counter.Refund(payment, request.Amount, card.Masked, new Signature(request.Supervisor ?? "", request.Password ?? ""), stop);
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
/// <param name="Payment">Of a refund: the RRN of its payment, or the number of its bill.</param>
/// <param name="Amount">Of a refund, in minor units; null: all that is left.</param>
/// <param name="Supervisor">Who signs a refund, with the password: not the clerk.</param>
internal sealed record RegisterRequest(
    string? Do,
    string? Bill = null,
    string? Card = null,
    string? Pin = null,
    string? Payment = null,
    long? Amount = null,
    string? Clerk = null,
    string? Supervisor = null,
    string? Password = null)
{
    public const string Pay = "pay", Lookup = "lookup", Settle = "settle", Reprint = "reprint", Close = "close", ReprintBatch = "reprint-batch", Cancel = "cancel", Refund = "refund";

    /// <returns>For an invalid line a request without an action, which is refused.</returns>
    public static RegisterRequest Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, RegisterRequestJson.Default.RegisterRequest) ?? new RegisterRequest((string?)null);
        }
        catch (JsonException)
        {
            // The exception could quote the line, which may have a card.
            return new RegisterRequest((string?)null);
        }
    }

    public override string ToString() => $"{Do} {Bill}";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(RegisterRequest))]
internal sealed partial class RegisterRequestJson : JsonSerializerContext;
