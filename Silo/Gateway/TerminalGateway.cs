using System.IO.Pipelines;
using Lakala.Silo.Gateway.Conversations;
using Lakala.Storage;
using Lakala.Wire.Iso8583;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Lakala.Silo.Gateway;

/// <summary>
/// Listens to terminals: takes whole frames off each line and hands them to the line's <see cref="GatewaySession"/>.
/// An invalid frame closes its own line, with one log line. Other lines go on.
/// </summary>
public sealed class TerminalGateway : ConnectionHandler
{
    /// <summary>The use of the certificate for terminals.</summary>
    public const string CertificateUse = "gateway";

    private readonly LineWatch _watch;
    private readonly MacFailures _macFailures;
    private readonly TerminalKeys _keys;
    private readonly ConversationServices _services;
    private readonly ILogger _log;

    public TerminalGateway(IGrainFactory grains, IKeyVault vault, LineWatch watch, MacFailures macFailures, TimeProvider time, ILogger<TerminalGateway> log)
    {
        _watch = watch;
        _macFailures = macFailures;
        _keys = new TerminalKeys(grains, vault, time);
        _services = new ConversationServices(vault, time, log);
        _log = log;
    }

    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        using var line = _watch.Open(connection);
        var session = new GatewaySession(line, _keys, _macFailures, _services);
        var input = connection.Transport.Input;

        // When this silo stops, no more frames are read; the frames already read are answered.
        using var ending = connection.Features.GetRequiredFeature<IConnectionLifetimeNotificationFeature>()
            .ConnectionClosedRequested.Register(input.CancelPendingRead);
        try
        {
            await ReadFrames(input, line, session);
        }
        catch (Iso8583Exception fault)
        {
            _log.LogWarning("{Line}: closed, {Reason}", line, fault.Message);
        }
        catch (Exception fault) when (fault is IOException or OperationCanceledException or ConnectionResetException)
        {
            _log.LogDebug("{Line}: lost, {Reason}", line, fault.Message);
        }
        finally
        {
            await session.Drain();
        }
    }

    private static async Task ReadFrames(PipeReader input, TerminalLine line, GatewaySession session)
    {
        while (true)
        {
            var read = await input.ReadAsync();
            if (read.IsCanceled)
            {
                return;
            }

            var buffer = read.Buffer;
            while (Iso8583Frame.TryRead(ref buffer, out var frame))
            {
                line.FrameEnded();
                session.Begin(frame);
            }

            if (buffer.IsEmpty)
            {
                line.FrameEnded();
            }
            else
            {
                line.FrameBegun();
            }

            input.AdvanceTo(buffer.Start, buffer.End);
            if (read.IsCompleted)
            {
                return;
            }
        }
    }
}
