using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using Lakala.Vocabulary;
using Lakala.Wire.Bank;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Keys;
using Microsoft.AspNetCore.Connections;

namespace Lakala.BankHost;

/// <summary>
/// One line from an acquirer: sign-on with the line's own zone keys, then authorisations, reversals and refunds. Messages that arrive
/// together are decided, written to the book and answered together.
/// </summary>
public sealed class BankLine(Bank bank, Book book, Faults faults, MasterKey zoneMaster, TimeProvider time, ILogger<BankLine> log) : ConnectionHandler
{
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        using var line = new Line(connection);
        try
        {
            await Serve(connection.Transport.Input, line);
        }
        catch (Exception fault) when (fault is Iso8583Exception or CryptographicException or IOException or OperationCanceledException)
        {
            log.LogInformation("A line is closed: {Reason}", fault.Message);
        }
    }

    private async Task Serve(PipeReader input, Line line)
    {
        while (true)
        {
            var read = await input.ReadAsync();
            var buffer = read.Buffer;
            var answers = new List<Iso8583Message>();
            while (Iso8583Frame.TryRead(ref buffer, out var frame))
            {
                Answer(frame.ToArray(), line, answers);
            }

            input.AdvanceTo(buffer.Start, buffer.End);
            await book.Write();
            if (line.IsToDrop)
            {
                line.Connection.Abort();
                return;
            }

            await line.Send(answers);
            if (read.IsCompleted)
            {
                return;
            }
        }
    }

    private void Answer(byte[] frame, Line line, List<Iso8583Message> answers)
    {
        var message = Iso8583Codec.Decode(Iso8583Spec.Lakala, frame);
        if (message.Mti == Mti.NetworkRequest && message.RequireNumber(70) == NetworkCode.SignOn)
        {
            answers.Add(SignOn(message, frame, line));
        }
        else if (line.Mac is null || !line.Mac.Verify(message, frame))
        {
            // There is no answer: a message that is not authentic counts as never received.
            log.LogWarning("A {Mti} with a wrong or no MAC is ignored.", message.Mti);
        }
        else
        {
            switch (message.Mti)
            {
                case Mti.PayRequest:
                    Answer(bank.Authorise(BankAuthoriseRequest.FromIso(message, time), line.Pin!).ToIso(), faults.OfAuthorisations, line, answers);
                    break;
                case Mti.Refund or Mti.RefundRepeat:
                    Answer(bank.Refund(BankRefundRequest.FromIso(message, time)).ToIso(), faults.OfRefunds, line, answers);
                    break;
                case Mti.Reversal or Mti.ReversalRepeat:
                    answers.Add(bank.Reverse(BankReversalRequest.FromIso(message, time)).ToIso());
                    break;
                case Mti.NetworkRequest:
                    var echo = BankNetworkMessage.FromIso(message);
                    answers.Add((echo with { ResponseCode = ResponseCodes.Approved }).ToIso());
                    break;
                default:
                    throw new Iso8583Exception(0, $"The message type {message.Mti} is not in use.");
            }
        }
    }

    private Iso8583Message SignOn(Iso8583Message message, byte[] frame, Line line)
    {
        if (!zoneMaster.SignOnMac.Verify(message, frame))
        {
            throw new Iso8583Exception(0, "A sign-on is not authentic: is the zone master key the same on both sides?");
        }

        var request = ZoneSignOnRequest.FromIso(message, time);
        line.SignedOn(new PinCipher(zoneMaster.Unwrap(request.PinKey)), new MessageMac(zoneMaster.Unwrap(request.MacKey)), zoneMaster.SignOnMac);
        log.LogInformation("A line has signed on.");
        return new BankNetworkMessage(request.Stan, NetworkCode.SignOn, ResponseCodes.Approved, request.Nonce).ToIso();
    }

    private void Answer(Iso8583Message answer, FaultPlan plan, Line line, List<Iso8583Message> answers)
    {
        switch (plan.Next())
        {
            case null:
                answers.Add(answer);
                break;
            case { Kind: FaultKind.Twice }:
                answers.Add(answer);
                answers.Add(answer);
                break;
            case { Kind: FaultKind.Drop }:
                line.IsToDrop = true;
                break;
            case { Kind: FaultKind.Slow or FaultKind.Late } fault:
                _ = SendLater(answer, line, Task.Delay(fault.Delay, time, line.Connection.ConnectionClosed));
                break;
            case { Kind: FaultKind.Held }:
                _ = SendLater(answer, line, plan.NextFault);
                break;
        }
    }

    private async Task SendLater(Iso8583Message answer, Line line, Task until)
    {
        try
        {
            await until.WaitAsync(line.Connection.ConnectionClosed);
            await line.Send([answer]);
        }
        catch (Exception fault) when (fault is OperationCanceledException or IOException or InvalidOperationException)
        {
            log.LogInformation("A late answer could not be sent, the line is closed: {Reason}", fault.Message);
        }
    }

    private sealed class Line(ConnectionContext connection) : IDisposable
    {
        private readonly SemaphoreSlim _writing = new(1);
        private MessageMac? _macOfNext;

        public ConnectionContext Connection { get; } = connection;

        public PinCipher? Pin { get; private set; }

        public MessageMac? Mac { get; private set; }

        public bool IsToDrop { get; set; }

        public void Dispose() => _writing.Dispose();

        /// <summary>The answer to the sign-on itself is sent under the sign-on key.</summary>
        public void SignedOn(PinCipher pin, MessageMac mac, MessageMac signOnMac) => (Pin, Mac, _macOfNext) = (pin, mac, signOnMac);

        public async Task Send(List<Iso8583Message> answers)
        {
            if (answers.Count == 0)
            {
                return;
            }

            await _writing.WaitAsync();
            try
            {
                foreach (var answer in answers)
                {
                    Iso8583Frame.Write(Connection.Transport.Output, answer, _macOfNext ?? Mac);
                    _macOfNext = null;
                }

                await Connection.Transport.Output.FlushAsync();
            }
            finally
            {
                _writing.Release();
            }
        }
    }
}
