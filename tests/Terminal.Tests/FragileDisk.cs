using Lakala.Terminal.Client.Journals;


namespace Lakala.Terminal.Tests;

internal enum Mishap
{
    /// <summary>The machine stops: unflushed sectors are kept, lost or garbage.</summary>
    PowerCut,

    /// <summary>The process stops: its writes stay in the system's cache.</summary>
    Kill,

    /// <summary>The disk is full or has a fault: half a write, or a flush after which the system drops the unwritten data.</summary>
    Fault,
}

/// <summary>The process ends here.</summary>
internal sealed class StopException(Mishap why) : Exception
{
    public Mishap Why { get; } = why;
}

/// <summary>A disk with separate cache and content, for power cuts, with a mishap at a given step.</summary>
internal sealed class FragileDisk(int seed) : IJournalDisk
{
    private const int Sector = 64, Garbage = 6;

    private readonly Random _random = new(seed);
    private Dictionary<string, Node> _names = [];
    private Dictionary<string, Node> _durableNames = [];
    private Mishap _mishap;
    private int _steps;
    private int _boot;
    private bool _isStopped;

    /// <summary>The mishap comes at this step from now on.</summary>
    public void Arm(Mishap mishap, int steps) => (_mishap, _steps) = (mishap, steps);

    /// <summary>The next process; after a power cut with the real content of the disk.</summary>
    public void Restart(Mishap why)
    {
        (_boot, _isStopped, _steps) = (_boot + 1, false, 0);
        if (why != Mishap.PowerCut)
        {
            return;
        }

        _names = _random.Next(2) == 0 ? new(_durableNames) : _names;
        _durableNames = new(_names);
        foreach (var node in _names.Values)
        {
            node.LosePower(_random);
        }
    }

    public IJournalFile Open(string path)
    {
        Step();
        return Handle(path, _names.GetValueOrDefault(path) ?? new Node());
    }

    public IJournalFile Create(string path)
    {
        Step();
        return Handle(path, new Node());
    }

    public void Rename(string path, string to) => Do(() =>
    {
        _names[to] = _names[path];
        _names.Remove(path);
    });

    public void FlushFolder(string path) => Do(() => _durableNames = new(_names));

    private OpenNode Handle(string path, Node node)
    {
        _names[path] = node;
        return new OpenNode(this, node, _boot);
    }

    // The stop comes before or after the step.
    private void Do(Action act)
    {
        if (Step())
        {
            if (_random.Next(2) == 0)
            {
                act();
            }

            Stop();
        }

        act();
    }

    // True when the process stops in this step.
    private bool Step()
    {
        if (_isStopped)
        {
            throw new StopException(_mishap);
        }

        if (_steps == 0 || --_steps > 0)
        {
            return false;
        }

        return _mishap == Mishap.Fault ? throw new IOException("The disk gives a fault.") : true;
    }

    private void Stop()
    {
        _isStopped = true;
        throw new StopException(_mishap);
    }

    /// <summary>A file: its content in the system's cache, and on the disk.</summary>
    private sealed class Node
    {
        private readonly HashSet<int> _dirty = [];
        private byte[] _durable = [];

        public byte[] Cache { get; private set; } = [];

        public void Write(ReadOnlySpan<byte> bytes, long at)
        {
            var cache = new byte[Math.Max(Cache.Length, at + bytes.Length)];
            Cache.CopyTo(cache, 0);
            bytes.CopyTo(cache.AsSpan((int)at));
            Cache = cache;
            for (var sector = (int)at / Sector; bytes.Length > 0 && sector <= (at + bytes.Length - 1) / Sector; sector++)
            {
                _dirty.Add(sector);
            }
        }

        public void Cut(long length) => Cache = Cache[..(int)length];

        public void Flush()
        {
            Sized(Cache.Length);
            foreach (var sector in _dirty)
            {
                Take(sector, Cache);
            }

            _dirty.Clear();
        }

        /// <summary>As systems do: data that could not be written counts as written.</summary>
        public void FailToFlush(Random random)
        {
            foreach (var sector in _dirty.Where(_ => random.Next(2) == 0))
            {
                Sized(Math.Max(_durable.Length, Math.Min(Cache.Length, (sector + 1) * Sector)));
                Take(sector, Cache);
            }

            _dirty.Clear();
        }

        public void LosePower(Random random)
        {
            var flushed = Math.Min(_durable.Length, Cache.Length);
            if (random.Next(2) == 0)
            {
                Sized(Cache.Length);
            }

            var garbage = new byte[Math.Max(_durable.Length, Cache.Length)];
            random.NextBytes(garbage);
            Cache.AsSpan(0, flushed).CopyTo(garbage);
            foreach (var sector in _dirty)
            {
                switch (random.Next(Garbage))
                {
                    case 0:
                        Take(sector, garbage);
                        break;
                    case 1 or 2:
                        Take(sector, Cache);
                        break;
                    default:
                        break;
                }
            }

            Cache = [.. _durable];
            _dirty.Clear();
        }

        private void Sized(int length) => Array.Resize(ref _durable, length);

        private void Take(int sector, byte[] from)
        {
            var begin = sector * Sector;
            var length = Math.Min(Sector, Math.Min(_durable.Length, from.Length) - begin);
            if (length > 0)
            {
                from.AsSpan(begin, length).CopyTo(_durable.AsSpan(begin));
            }
        }
    }

    private sealed class OpenNode(FragileDisk disk, Node node, int boot) : IJournalFile
    {
        public byte[] Read()
        {
            disk.Step();
            return [.. node.Cache];
        }

        public void Write(ReadOnlySpan<byte> bytes, long at)
        {
            var part = disk._random.Next(bytes.Length + 1);
            bool isStop;
            try
            {
                isStop = Step();
            }
            catch (IOException)
            {
                node.Write(bytes[..part], at);
                throw;
            }

            node.Write(isStop ? bytes[..part] : bytes, at);
            if (isStop)
            {
                disk.Stop();
            }
        }

        public void Cut(long length)
        {
            if (Step())
            {
                disk.Stop();
            }

            node.Cut(length);
        }

        public void Flush()
        {
            bool isStop;
            try
            {
                isStop = Step();
            }
            catch (IOException)
            {
                node.FailToFlush(disk._random);
                throw;
            }

            if (!isStop || disk._random.Next(2) == 0)
            {
                node.Flush();
            }

            if (isStop)
            {
                disk.Stop();
            }
        }

        public void Dispose()
        {
        }

        private bool Step() => boot == disk._boot ? disk.Step() : throw new StopException(Mishap.Kill);
    }
}
