using System.Buffers;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using Lakala.Silo.Gateway.Conversations;
using Lakala.Storage;
using Lakala.Storage.Postgres;
using Lakala.Vocabulary;
using Lakala.Wire.Iso8583;
using Lakala.Wire.Terminal;
using Microsoft.AspNetCore.Connections;

namespace Lakala.Silo.Gateway;

/// <summary>
/// The session of one connection. It checks the MAC before anything else: only an authentic message reaches its
/// <see cref="Conversation"/>. Any other gets a hint, and after a few hints the line is closed.
/// </summary>
internal sealed class GatewaySession(TerminalLine line, TerminalKeys keys, MacFailures macFailures, ConversationServices services)
{
    /// <summary>The most messages that wait: a terminal sends one request at a time, and may repeat or abandon it.</summary>
    private const int MaxRunning = 8;

    // After the first hint a terminal signs on; if it gets more, it has the wrong keys.
    private const int MaxRejects = 3;

    private static readonly Meter Meter = new(Instrumentation.Name);
    private static readonly Counter<long> Answers = Meter.CreateCounter<long>("lakala.terminal.answers");

    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private SignedOnTerminal? _authenticated;
    private int _rejects;

    // The messages under way, and the session itself until it is drained.
    private int _running = 1;

    /// <summary>
    /// Answers the message in a frame. Answers do not wait for each other: a repeat or an abandonment is answered while its swipe
    /// is with the bank.
    /// </summary>
    /// <exception cref="Iso8583Exception">It is not a valid message, or too many messages wait for their answers.</exception>
    public void Begin(in ReadOnlySequence<byte> sequence)
    {
        if (Volatile.Read(ref _running) > MaxRunning)
        {
            throw new Iso8583Exception(0, $"More than {MaxRunning} messages wait for their answer.");
        }

        var frame = sequence.ToArray();
        var message = Iso8583Codec.Decode(Iso8583Spec.Lakala, frame);
        Interlocked.Increment(ref _running);
        _ = Handle(message, frame);
    }

    /// <summary>Waits for the work that has begun; its answers may come after the line is closed. Called once, at the end.</summary>
    public Task Drain()
    {
        End();
        return _drained.Task;
    }

    private void End()
    {
        if (Interlocked.Decrement(ref _running) == 0)
        {
            _drained.SetResult();
        }
    }

    private async Task Handle(Iso8583Message message, byte[] frame)
    {
        using var span = Instrumentation.Source.StartActivity("terminal." + message.Mti, ActivityKind.Server);
        try
        {
            await Converse(message, frame, span);
        }
        catch (Iso8583Exception fault)
        {
            MarkFailed(span, fault);
            services.Log.LogWarning("{Line}: closed, {Reason}", line, fault.Message);
            line.Abort();
        }
        catch (Exception fault) when (fault is IOException or ConnectionAbortedException or ConnectionResetException or ObjectDisposedException)
        {
            MarkFailed(span, fault);
            services.Log.LogDebug("{Line}: lost before the answer, {Reason}", line, fault.Message);
        }
        catch (Exception fault)
        {
            // Silence: nothing is certain, and the terminal asks again.
            MarkFailed(span, fault);
            services.Log.LogError(fault, "{Line}: {Mti} could not be answered.", line, message.Mti);
        }
        finally
        {
            // The message may have a card.
            CryptographicOperations.ZeroMemory(frame);
            End();
        }
    }

    // Only the exception's type: its text may quote the message.
    private static void MarkFailed(Activity? span, Exception fault) => span?.SetStatus(ActivityStatusCode.Error, fault.GetType().Name);

    private async Task Converse(Iso8583Message message, byte[] frame, Activity? span)
    {
        try
        {
            if (message.Mti == Mti.NetworkRequest && message.RequireNumber(70) == NetworkCode.SignOn)
            {
                await BeginSession(message, frame);
                return;
            }

            var terminal = await FindSignedOn(message);
            if (terminal is null)
            {
                await Reject(message, Refusal.SignOnFirst);
            }
            else if (!terminal.Mac.Verify(message, frame))
            {
                macFailures.Note(terminal.Id);
                await Reject(message, Refusal.MacInvalid);
            }
            else
            {
                await AnswerAuthentic(message, terminal, span);
            }
        }
        catch (DatabaseAwayException)
        {
            // The database does not answer, so the terminal cannot be authenticated now. Faults of grains are answered elsewhere.
            await Reject(message, Refusal.TryLater);
        }
    }

    private async Task AnswerAuthentic(Iso8583Message message, SignedOnTerminal terminal, Activity? span)
    {
        Renew();
        var answer = await Conversation.Find(message).Answer(message, terminal, services);

        // A terminal whose keys have ended still has the MAC key: the line is authentic only after the grain has accepted the keys.
        if (answer is null || answer.Text(39) is not ResponseCodes.SignOnFirst)
        {
            _authenticated = terminal;
            Heard(terminal.Id);
        }

        if (answer is not null)
        {
            Count(answer.Text(39));
            span?.SetTag(Instrumentation.CodeTag, answer.Text(39));
            await line.Send(answer, terminal.Mac);
        }
    }

    // A sign-on is authentic under the master key, and makes the session that the other conversations need.
    private async Task BeginSession(Iso8583Message message, byte[] frame)
    {
        RefuseUnlessWelcome();
        var request = SignOnRequest.FromIso(message, services.Time);
        var row = await keys.FindTerminal(request.From.Terminal);

        // A stranger gets the same hint after the same work, whether the terminal exists or not.
        using var master = keys.UnwrapMaster(row);
        if (!master.SignOnMac.Verify(message, frame) || row is null)
        {
            if (row is not null)
            {
                macFailures.Note(row.Id);
            }

            await Reject(message, Refusal.MacInvalid);
            return;
        }

        Heard(row.Id);
        var answer = await SignOn.Answer(request, row, master, keys.GetGrain(row.Id), services);
        if (answer.Text(39) is not ResponseCodes.Approved)
        {
            Count(answer.Text(39));
        }

        await line.Send(answer, master.SignOnMac);
    }

    private async ValueTask<SignedOnTerminal?> FindSignedOn(Iso8583Message message)
    {
        var from = Origin.ReadFrom(message);
        var keySet = SecurityControl.KeySetOf(message);
        if (_authenticated is { } known && known.KeySet == keySet && known.Id == from.Terminal && known.Store == from.Store)
        {
            return known;
        }

        RefuseUnlessWelcome();
        return await keys.FindSignedOn(from, keySet);
    }

    // At the bound of messages that were not authentic the line is closed without a lookup of keys.
    private void RefuseUnlessWelcome()
    {
        if (line.IsRefusedTooOften)
        {
            throw new Iso8583Exception(0, "Too much came from this address that was not authentic.");
        }
    }

    // A request that cannot be authenticated gets only a hint, and a hint is never final.
    private async Task Reject(Iso8583Message message, Refusal reason)
    {
        var verdict = Verdicts.For(reason, "en");
        Count(verdict.Code);
        Activity.Current?.SetTag(Instrumentation.CodeTag, verdict.Code);
        await line.Send(verdict.ToHint(Conversation.Find(message).AnswerMti, message), null);
        if (reason != Refusal.TryLater)
        {
            CountReject();
        }
    }

    // After a few hints in a row the line is closed.
    private void CountReject()
    {
        line.CountReject();
        if (Interlocked.Increment(ref _rejects) >= MaxRejects)
        {
            LineWatch.TurnedAway("unauthentic");
            line.End();
        }
    }

    private void Heard(string terminal)
    {
        line.Heard(terminal);
        _rejects = 0;
    }

    private void Renew()
    {
        line.Renew();
        _rejects = 0;
    }

    private static void Count(string? code) => Answers.Add(1, new KeyValuePair<string, object?>("code", code));
}
