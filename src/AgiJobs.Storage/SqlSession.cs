using System.Data.Common;

namespace AgiJobs.Storage;

/// <summary>Statements on one connection, in a transaction or not. Used by one thread at a time.</summary>
internal sealed class SqlSession(DbConnection connection, DbTransaction? transaction, long now = 0, long newest = 0)
{
    /// <summary>How many rows one statement writes at most, so that the limit of parameters is never near.</summary>
    private const int RowsAtOnce = 200;

    /// <summary>The time of the transaction by the store's authoritative clock, in microseconds since 1970.</summary>
    public long Now => now;

    /// <summary>The newest position of the store when the transaction began.</summary>
    public long Newest => newest;

    /// <summary>Runs a statement.</summary>
    public async Task<int> ExecuteAsync(string sql, CancellationToken cancellationToken, params (string Name, object? Value)[] parameters)
    {
        await using var command = Command(sql, parameters);
        return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads rows.</summary>
    public async Task<IReadOnlyList<T>> QueryAsync<T>(string sql, Func<DbDataReader, T> read, CancellationToken cancellationToken, params (string Name, object? Value)[] parameters)
    {
        await using var command = Command(sql, parameters);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    /// <summary>Writes rows by few statements, in their order.</summary>
    public async Task InsertAsync(string into, IReadOnlyList<object?[]> rows, string onConflict, CancellationToken cancellationToken)
    {
        foreach (var chunk in rows.Chunk(RowsAtOnce))
        {
            var values = chunk.Select((row, index) => $"({string.Join(", ", row.Select((_, column) => $"@p{index}_{column}"))})");
            var parameters = chunk.SelectMany((row, index) => row.Select((value, column) => ($"@p{index}_{column}", value)));
            await ExecuteAsync($"INSERT INTO {into} VALUES {string.Join(", ", values)} {onConflict}", cancellationToken, [.. parameters]).ConfigureAwait(false);
        }
    }

    private DbCommand Command(string sql, (string Name, object? Value)[] parameters)
    {
        var command = connection.CreateCommand();
        // The texts are constants of this project, with the numbers of parameters put in.
#pragma warning disable CA2100
        command.CommandText = sql;
#pragma warning restore CA2100
        command.Transaction = transaction;
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value ?? DBNull.Value;
            command.Parameters.Add(parameter);
        }

        return command;
    }
}
